/* SPDX-License-Identifier: MIT */
#include "plan/classify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/units.h"
#include "disk/disk_key.h"
#include "disk/udev_link.h"
#include "plan/emulated_disk.h"

/* Signatures, as libblkid names them, that are no file systems. */
static const struct {
	const char *type;
	const char *words;
} signature_words[] = {
	{ "LVM1_member", "an LVM physical volume" },
	{ "LVM2_member", "an LVM physical volume" },
	{ "linux_raid_member", "a part of a RAID array" },
	{ "zfs_member", "a part of a ZFS pool" },
	{ "crypto_LUKS", "a LUKS container" },
	{ "BitLocker", "a BitLocker volume" },
	{ "bcache", "a bcache device" },
	{ "swap", "swap space" },
	{ "swsuspend", "a hibernation image" },
	{ "iso9660", "an ISO 9660 file system" },
	{ "vfat", "a FAT file system" },
};

/* As many bytes as the disk's bus has for a serial number: virtio (virtio 1.2, 5.2.6.1), ATA
 * (ACS-3, 7.12) and NVMe (NVMe 1.4, 5.15.2.2). 0 for SCSI, which has room enough. */
static size_t serial_bytes(const struct disk *disk)
{
	bool cut = text_starts_with(disk->name, "vd") || text_starts_with(disk->name, "nvme") ||
		   strcmp(disk->vendor, "ATA") == 0;

	return cut ? 20 : 0;
}

/* Whether the name is the disk's serial number, or that which its host has cut off: OpenStack and
 * others give a disk the 36 characters of a UUID. */
static bool is_serial_of(const char *name, const struct disk *disk)
{
	size_t length = strlen(disk->serial);

	if (!length || strcmp(name, disk->serial) == 0)
		return length > 0;
	return length == serial_bytes(disk) && strncmp(name, disk->serial, length) == 0;
}

bool classify_is_named(const char *disk_key, const struct disk *disk)
{
	struct disk_key key;

	if (disk_key_parse(disk_key, &key) < 0)
		return false;
	if (key.kind == DISK_KEY_SERIAL)
		return is_serial_of(key.name, disk);
	return key.kind == DISK_KEY_PATH &&
	       (strcmp(key.name, disk->path) == 0 || udev_link_is_of(key.name, disk));
}

bool classify_may_overwrite(const struct select_request *request, const struct disk *disk)
{
	const char *tokens = request->wipe_tokens ? request->wipe_tokens : "";

	return request->wipe_force || (disk->wipe_token[0] && strstr(tokens, disk->wipe_token));
}

/* Whether the rest of a kernel name is letters only, as in vda: no digits of a partition. */
static bool is_letters(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz")];
}

static bool is_virtual_name(const char *name)
{
	return (text_starts_with(name, "vd") && is_letters(name + 2)) ||
	       (text_starts_with(name, "xvd") && is_letters(name + 3));
}

/* sdX and nvmeXnY: an emulated disk, a disk of the host, or a USB stick. */
static bool is_other_disk_name(const char *name)
{
	static const char digits[] = "0123456789";
	size_t controller, space;

	if (text_starts_with(name, "sd"))
		return is_letters(name + 2);
	if (!text_starts_with(name, "nvme"))
		return false;
	name += 4;
	controller = strspn(name, digits);
	if (controller == 0 || name[controller] != 'n')
		return false;
	name += controller + 1;
	space = strspn(name, digits);
	return space > 0 && !name[space];
}

bool classify_is_disk_name(const char *name)
{
	return is_virtual_name(name) || is_other_disk_name(name);
}

/* Why an sdX or nvmeXnY is taken only if it is named; NULL if it is plainly a disk of this virtual
 * machine. */
static const char *why_by_name(const struct select_request *request, const struct disk *disk)
{
	if (disk->usb)
		return "is a USB disk";
	if (disk->removable)
		return "is removable";
	if (!request->virtual_machine)
		return "is a disk of a physical machine";
	return emulated_disk_is_known(disk) ? NULL : "is of no known hypervisor";
}

static bool is_wrong_kind(
	const struct select_request *request, const struct disk *disk, bool named, char *ret_reason)
{
	const char *why;

	if (disk->image_file || is_virtual_name(disk->name))
		return false;
	if (!is_other_disk_name(disk->name)) {
		snprintf(ret_reason, CLASSIFY_REASON_BYTES, "is not a kind of disk to install on");
		return true;
	}
	why = named ? NULL : why_by_name(request, disk);
	if (!why)
		return false;
	snprintf(ret_reason, CLASSIFY_REASON_BYTES, "%s", why);
	if (disk->model[0])
		text_append(ret_reason, CLASSIFY_REASON_BYTES, " (%s%s%s)", disk->vendor,
			disk->vendor[0] ? " " : "", disk->model);
	text_append(ret_reason, CLASSIFY_REASON_BYTES, ", so it is taken only if it is named");
	return true;
}

/* Whether the disk can never be a target, whatever it holds. */
static bool is_out(
	const struct select_request *request, const struct disk *disk, bool named, char *ret_reason)
{
	const char *why = NULL;

	if (disk->medium)
		why = "is the medium that the installer runs from";
	else if (disk->cdrom)
		why = "is a CD-ROM drive";
	else if (disk->key_drive)
		why = "is the key drive";
	else if (disk->read_only)
		why = "is read-only";
	if (why)
		snprintf(ret_reason, CLASSIFY_REASON_BYTES, "%s", why);
	else if (disk->used_by[0])
		snprintf(ret_reason, CLASSIFY_REASON_BYTES, "is %s", disk->used_by);
	else if (is_wrong_kind(request, disk, named, ret_reason))
		return true;
	else if (disk->unreadable[0])
		snprintf(
			ret_reason, CLASSIFY_REASON_BYTES, "cannot be read (%s)", disk->unreadable);
	else
		return false;
	return true;
}

/* The store path without its folder and hash, which only make a sentence longer. */
static const char *short_system(const char *system)
{
	const char *name = strrchr(system, '/');

	name = name ? name + 1 : system;
	return strlen(name) > 33 && name[32] == '-' ? name + 33 : name;
}

static bool is_installed(const struct disk *disk, char *ret_reason)
{
	for (size_t i = 0; i < LAYOUT_COUNT; i++) {
		if (disk->marks[i].state == MARK_INSTALLED) {
			snprintf(ret_reason, CLASSIFY_REASON_BYTES, "has %.100s installed by us",
				short_system(disk->marks[i].system));
			return true;
		}
	}
	return false;
}

/* Adds the first label that is found on the disk. */
static void add_conflict(const struct disk *disk, bool with_place, char *ret_reason)
{
	for (size_t i = 0; i < disk->label_count; i++) {
		const struct disk_label *found = &disk->labels[i];

		if (!found->label[0])
			continue;
		if (with_place)
			text_append(ret_reason, CLASSIFY_REASON_BYTES, " with %s", found->where);
		text_append(ret_reason, CLASSIFY_REASON_BYTES, " labelled %s", found->label);
		return;
	}
}

/* "an ext4 file system", "swap space". */
static void describe_type(const char *type, char *ret_reason)
{
	const char *words = NULL;

	for (size_t i = 0; i < sizeof(signature_words) / sizeof(signature_words[0]); i++)
		if (strcmp(type, signature_words[i].type) == 0)
			words = signature_words[i].words;
	if (words)
		text_append(ret_reason, CLASSIFY_REASON_BYTES, "%s", words);
	else if (strstr(type, "_member"))
		text_append(ret_reason, CLASSIFY_REASON_BYTES, "a part of an array (%s)", type);
	else
		text_append(ret_reason, CLASSIFY_REASON_BYTES, "a%s %s file system",
			strchr("aeioux", type[0]) ? "n" : "", type);
}

static void describe_signature(const struct disk *disk, char *ret_reason)
{
	snprintf(ret_reason, CLASSIFY_REASON_BYTES, "holds ");
	describe_type(disk->signature, ret_reason);
	add_conflict(disk, false, ret_reason);
}

/* A file system that no table leads to: the disk has lost its first sector, or more. */
static void describe_start(const struct disk_start *start, char *ret_reason)
{
	snprintf(ret_reason, CLASSIFY_REASON_BYTES, "holds ");
	describe_type(start->type, ret_reason);
	if (start->label[0])
		text_append(ret_reason, CLASSIFY_REASON_BYTES, " labelled %s", start->label);
	text_append(ret_reason, CLASSIFY_REASON_BYTES,
		" at byte %" PRIu64 " and no partition table", start->offset_bytes);
}

static void describe_table(const struct disk *disk, char *ret_reason)
{
	const char *name = strcmp(disk->table, "dos") == 0   ? "MBR"
			   : strcmp(disk->table, "gpt") == 0 ? "GPT"
							     : disk->table;

	snprintf(ret_reason, CLASSIFY_REASON_BYTES, "holds a partition table (%s)", name);
	add_conflict(disk, true, ret_reason);
}

/* Whether the configuration asks for another size. */
static bool is_other_size(
	const struct select_request *request, const struct disk *disk, char *ret_reason)
{
	struct disk_key key;

	if (disk_key_parse(request->disk, &key) == 0 && disk_key_fits(&key, disk->size_bytes))
		return false;
	snprintf(ret_reason, CLASSIFY_REASON_BYTES, "is not as large as disk=%.40s says",
		request->disk);
	return true;
}

static bool has_mark(const struct disk *disk, enum install_mark_state state)
{
	for (size_t i = 0; i < LAYOUT_COUNT; i++)
		if (disk->marks[i].state == state)
			return true;
	return false;
}

/* Whether the disk holds anything; the reason then says what. */
static bool has_content(const struct disk *disk, char *ret_reason)
{
	if (disk->table[0])
		describe_table(disk, ret_reason);
	else if (disk->signature[0])
		describe_signature(disk, ret_reason);
	else if (has_mark(disk, MARK_DAMAGED))
		snprintf(ret_reason, CLASSIFY_REASON_BYTES, "holds a damaged mark of an install");
	else if (has_mark(disk, MARK_UNFINISHED))
		snprintf(ret_reason, CLASSIFY_REASON_BYTES,
			"holds an unfinished install of another layout, of other labels, or of an older installer");
	else if (disk->start_count)
		describe_start(&disk->starts[0], ret_reason);
	else if (disk->label_count)
		snprintf(ret_reason, CLASSIFY_REASON_BYTES, "holds a file system (%s)",
			disk->labels[0].where);
	else if (disk->nonzero)
		snprintf(ret_reason, CLASSIFY_REASON_BYTES, "holds data (at byte %" PRIu64 ")",
			disk->nonzero_offset_bytes);
	else
		return false;
	return true;
}

static bool is_planned_label(const struct select_request *request, const char *label)
{
	for (size_t i = 0; i < 4 && request->labels[i]; i++)
		if (strcmp(label, request->labels[i]) == 0)
			return true;
	return false;
}

/* Whether the table is absent or the one that the mark names. libblkid prints the id of an MBR
 * without its 0x. */
static bool is_marked_table(const struct select_request *request, const struct disk *disk,
	const struct install_mark *mark)
{
	const char *id = mark->table_id;
	const char *table = request->layout == LAYOUT_GPT ? "gpt" : "dos";

	if (!disk->table[0])
		return true;
	if (text_starts_with(id, "0x"))
		id += 2;
	return layout_has_table(request->layout) && strcmp(disk->table, table) == 0 && id[0] &&
	       strcasecmp(disk->table_id, id) == 0;
}

/* Whether a file system may be one of our unfinished install. Where the root belongs it has the
 * UUID of the mark, and the root's label is nowhere else. A file system that is half made has no
 * label yet; then the boot sector is still blank, and only our own install leaves it so beside a
 * table. */
static bool is_marked_file_system(const struct select_request *request, const char *label,
	const char *uuid, uint64_t offset_bytes, const struct install_mark *mark, bool boot_blank)
{
	if (!is_planned_label(request, label) && (label[0] || !boot_blank))
		return false;
	if (offset_bytes == layout_root_offset_bytes(request->layout))
		return strcasecmp(uuid, mark->fs_uuid) == 0;
	return !request->labels[0] || strcmp(label, request->labels[0]) != 0;
}

/* Whether the disk is as an install of this plan leaves it when it is cut short. The mark alone is
 * not enough: it outlives new partitions and file systems that do not overwrite its place. So the
 * table and every file system on the disk have to be the ones that the mark names, or absent. A
 * mark of version 1 names none and is not believed. */
static bool is_unfinished(const struct select_request *request, const struct disk *disk)
{
	const struct install_mark *mark = &disk->marks[request->layout];
	bool whole = !layout_has_table(request->layout);
	bool blank = whole || disk->nonzero_offset_bytes >= BOOT_SECTOR_BYTES;

	if (mark->state != MARK_UNFINISHED || !mark->fs_uuid[0] ||
		(disk->signature[0] && !(whole && strcmp(disk->signature, "ext4") == 0)) ||
		!is_marked_table(request, disk, mark))
		return false;
	for (size_t i = 0; i < disk->label_count; i++) {
		const struct disk_label *found = &disk->labels[i];

		if (!is_marked_file_system(
			    request, found->label, found->uuid, found->offset_bytes, mark, blank))
			return false;
	}
	for (size_t i = 0; i < disk->start_count; i++) {
		const struct disk_start *found = &disk->starts[i];

		if (!is_marked_file_system(
			    request, found->label, found->uuid, found->offset_bytes, mark, blank))
			return false;
	}
	return true;
}

/* Of two sizes that look the same when rounded, the needed one is printed in whole MiB. */
static void describe_need(
	const struct select_request *request, const struct disk *disk, char *ret_reason)
{
	char need[TEXT_SIZE_BYTES], size[TEXT_SIZE_BYTES];

	text_size(need, request->min_bytes);
	text_size(size, disk->size_bytes);
	if (strcmp(need, size) == 0)
		snprintf(need, sizeof(need), "%" PRIu64 " MiB",
			(uint64_t)((request->min_bytes + MIB - 1) / MIB));
	snprintf(ret_reason, CLASSIFY_REASON_BYTES, "is too small, %s are needed", need);
}

enum disk_class classify_disk(const struct select_request *request, const struct disk *disk,
	bool named, char ret_reason[CLASSIFY_REASON_BYTES])
{
	if (is_out(request, disk, named, ret_reason))
		return DISK_OUT;
	if (is_installed(disk, ret_reason))
		return DISK_INSTALLED;
	if (!named && is_other_size(request, disk, ret_reason))
		return DISK_OUT;
	if (disk->size_bytes < request->min_bytes) {
		describe_need(request, disk, ret_reason);
		return DISK_SMALL;
	}
	if (is_unfinished(request, disk)) {
		snprintf(ret_reason, CLASSIFY_REASON_BYTES, "holds an unfinished install of ours");
		return DISK_SUITABLE;
	}
	if (has_content(disk, ret_reason))
		return DISK_CONTENT;
	snprintf(ret_reason, CLASSIFY_REASON_BYTES, "is blank");
	return DISK_SUITABLE;
}

/* A serial number survives another order of the disks, but needs no quoting only if it is plain. */
static bool is_plain(const char *text)
{
	return text[0] && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					     "0123456789._-")];
}

void classify_setting(const struct select_request *request, const struct disk *disk,
	bool unique_serial, char ret[CLASSIFY_SETTING_BYTES])
{
	char reason[CLASSIFY_REASON_BYTES];
	enum disk_class disk_class = classify_disk(request, disk, true, reason);

	ret[0] = '\0';
	if (disk_class != DISK_SUITABLE && disk_class != DISK_CONTENT)
		return;
	if (disk->image_file) /* the user has named it */
		ret[0] = '\0';
	else if (unique_serial && is_plain(disk->serial))
		text_append(ret, CLASSIFY_SETTING_BYTES, "disk=serial:%s", disk->serial);
	else
		text_append(ret, CLASSIFY_SETTING_BYTES, "disk=%.90s", disk->path);
	if (disk_class == DISK_CONTENT)
		text_append(ret, CLASSIFY_SETTING_BYTES, "%swipe=%s", ret[0] ? " " : "",
			disk->wipe_token[0] ? disk->wipe_token : "force");
}

bool classify_conflicts(const struct select_request *request, const struct disk *disk,
	char ret_reason[CLASSIFY_REASON_BYTES])
{
	for (size_t i = 0; i < disk->label_count; i++) {
		const struct disk_label *found = &disk->labels[i];

		if (found->label[0] && is_planned_label(request, found->label)) {
			snprintf(ret_reason, CLASSIFY_REASON_BYTES,
				"carries the planned label %s (%s)", found->label, found->where);
			return true;
		}
		for (size_t j = 0; j < 4 && request->uuids[j]; j++) {
			if (strcasecmp(found->uuid, request->uuids[j]) == 0) {
				snprintf(ret_reason, CLASSIFY_REASON_BYTES,
					"carries the planned UUID %s (%s)", found->uuid,
					found->where);
				return true;
			}
		}
	}
	return false;
}
