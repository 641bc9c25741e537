/* SPDX-License-Identifier: MIT */
#include "plan/select_installed.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "disk/disk_key.h"
#include "plan/classify.h"

/* The two disks of the layout pygrub, if the configuration names no others. */
#define PAIR_BOOT "xvda"

static int refuse_start(struct error *err, const char *disk, const char *reason, const char *fix)
{
	return error_set_code(err, EXIT_ALREADY_INSTALLED, -ENODEV,
		"This machine is already installed, and its guest is not started: %.63s %s. %s",
		disk, reason, fix);
}

static bool is_partner_disk(const struct select_request *request, const struct disk *disk)
{
	if (disk->marks[LAYOUT_PYGRUB].state != MARK_INSTALLED)
		return false;
	if (disk_key_is_name(request->boot_disk))
		return classify_is_named(request->boot_disk, disk);
	return strcmp(disk->name, PAIR_BOOT) == 0;
}

/* Whether the configuration's disk key allows this disk. */
static bool is_asked_for(const struct select_request *request, const struct disk *disk)
{
	struct disk_key key;

	if (disk_key_is_name(request->disk))
		return classify_is_named(request->disk, disk);
	return disk_key_parse(request->disk, &key) == 0 && disk_key_fits(&key, disk->size_bytes);
}

/* The callers have found that the disk is the partner disk, or that the key disk allows it. */
static bool has_finished_install(const struct select_request *request, const struct disk *disk)
{
	char reason[CLASSIFY_REASON_BYTES];
	bool named = is_partner_disk(request, disk) || disk_key_is_name(request->disk);

	return classify_disk(request, disk, named, reason) == DISK_INSTALLED;
}

/* Where the root of a disk with this table begins; any layout with that table has the same
 * place. */
static enum layout layout_of_table(const struct disk *disk)
{
	if (strcmp(disk->table, "gpt") == 0)
		return LAYOUT_GPT;
	return disk->table[0] ? LAYOUT_BIOS : LAYOUT_PYGRUB;
}

/* libblkid prints the id of an MBR without its 0x. */
static bool is_same_table(const struct disk *disk, const struct install_mark *mark)
{
	const char *id = mark->table_id;

	if (text_starts_with(id, "0x"))
		id += 2;
	return strcasecmp(disk->table_id, id) == 0;
}

/* The mark that names this disk's table and the file system at its place; NULL if there is none. */
static const struct install_mark *find_own_mark(const struct disk *disk, uint64_t *ret_offset_bytes)
{
	enum layout layout = layout_of_table(disk);
	const struct install_mark *mark = &disk->marks[layout];

	*ret_offset_bytes = layout_root_offset_bytes(layout);
	if (mark->state != MARK_INSTALLED || !mark->fs_uuid[0] || !is_same_table(disk, mark))
		return NULL;
	for (size_t i = 0; i < disk->label_count; i++)
		if (disk->labels[i].offset_bytes == *ret_offset_bytes &&
			strcasecmp(disk->labels[i].uuid, mark->fs_uuid) == 0)
			return mark;
	return NULL;
}

static bool is_same_name(const char *a, const char *b)
{
	return a[0] && strcasecmp(a, b) == 0;
}

/* The label or UUID that both disks carry; NULL if there is none. */
static const char *find_shared_name(const struct disk *guest, const struct disk *other)
{
	for (size_t i = 0; i < guest->label_count; i++) {
		const struct disk_label *own = &guest->labels[i];

		for (size_t j = 0; j < other->label_count; j++) {
			if (is_same_name(own->label, other->labels[j].label))
				return own->label;
			if (is_same_name(own->uuid, other->labels[j].uuid))
				return own->uuid;
		}
	}
	return NULL;
}

static int check_other_disks(const struct installed_choice *choice, const struct disk *disks,
	size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = NULL;

		if (i == choice->target || i == choice->boot)
			continue;
		name = find_shared_name(&disks[choice->target], &disks[i]);
		if (!name && choice->boot < count)
			name = find_shared_name(&disks[choice->boot], &disks[i]);
		if (name)
			return error_set_code(err, EXIT_NOT_BLANK, -ENODEV,
				"This machine is already installed, and its guest is not started: %.63s carries the name %.40s of a file system of the guest on %.63s. Detach it.",
				disks[i].name, name, disks[choice->target].name);
	}
	return 0;
}

static int choose_boot_disk(const struct select_request *request, const struct disk *disks,
	size_t count, struct installed_choice *choice, struct error *err)
{
	uint64_t offset_bytes;

	for (size_t i = 0; i < count; i++) {
		if (i == choice->target || !is_partner_disk(request, &disks[i]) ||
			!has_finished_install(request, &disks[i]))
			continue;
		if (!find_own_mark(&disks[i], &offset_bytes))
			break;
		choice->boot = i;
		return 0;
	}
	return refuse_start(err, disks[choice->target].name,
		"is a root disk of the layout pygrub without its boot disk",
		"Attach the boot disk as xvda, or name it with boot-disk=.");
}

/* The disks that may be meant, without the boot disks; returns their number. */
static size_t count_finished(const struct select_request *request, const struct disk *disks,
	size_t count, size_t *ret_first)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_partner_disk(request, &disks[i]) && is_asked_for(request, &disks[i]) &&
			has_finished_install(request, &disks[i]) && found++ == 0)
			*ret_first = i;
	return found;
}

static int choose_finished(const struct select_request *request, const struct disk *disks,
	size_t count, struct installed_choice *choice, struct error *err)
{
	const struct disk *target = &disks[choice->target];

	choice->mark = find_own_mark(target, &choice->root_offset_bytes);
	if (!choice->mark)
		return refuse_start(err, target->name,
			"has the mark of a finished install, but not the partition table and the root file system that the mark names",
			"Start the machine from that disk, or give it a blank one.");
	if (layout_of_table(target) == LAYOUT_PYGRUB) {
		int r = choose_boot_disk(request, disks, count, choice, err);

		if (r < 0)
			return r;
	}
	return check_other_disks(choice, disks, count, err);
}

int select_installed(const struct select_request *request, const struct disk *disks, size_t count,
	struct installed_choice *ret, struct error *err)
{
	struct installed_choice choice = { .boot = SIZE_MAX };
	size_t found = count_finished(request, disks, count, &choice.target);
	int r;

	if (found > 1)
		return refuse_start(err, disks[choice.target].name,
			"is not the only disk with a finished install",
			"Name one with disk=/dev/NAME or disk=serial:NAME, or detach the others.");
	choice.found = found == 1;
	r = choice.found ? choose_finished(request, disks, count, &choice, err) : 0;
	if (r < 0)
		return r;
	*ret = choice;
	return 0;
}
