/* SPDX-License-Identifier: MIT */
#include "plan/select.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "disk/disk_key.h"
#include "plan/classify.h"

/* The list of disks may fill the sentence up to here, so that the fix still fits. */
#define LIST_END_BYTES 500
#define FIX_BLANK                                                                                  \
	"Give the machine one blank disk, or use the setting in brackets (wipe=TOKEN once, wipe=force always)."

#define PYGRUB_ROOT "xvdb"
#define PYGRUB_BOOT "xvda"

/* Whether the value names no disk, so that one is chosen by what the disks hold. */
static bool is_auto(const char *disk)
{
	return !disk_key_is_name(disk);
}

static size_t count_class(const struct selection *s, size_t count, enum disk_class disk_class)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (s->disks[i].disk_class == disk_class)
			n++;
	return n;
}

/* The first disk with this disk_class, or count. */
static size_t find_class(const struct selection *s, size_t count, enum disk_class disk_class)
{
	for (size_t i = 0; i < count; i++)
		if (s->disks[i].disk_class == disk_class)
			return i;
	return count;
}

/* Adds "vda (4.0 GiB) is blank [disk=/dev/vda]; vdb …": every disk with its reason and the setting
 * that would take it, the first of them that matters most first, and as many as a line can hold. */
static void list_disks(const struct selection *s, const struct disk *disks, size_t count,
	size_t first, struct error *err)
{
	char size[TEXT_SIZE_BYTES];
	size_t shown = 0;

	if (count == 0)
		text_append(err->text, sizeof(err->text), "the machine has none");
	for (size_t n = 0; n < count && strlen(err->text) < LIST_END_BYTES; n++) {
		/* first, then the others in their order */
		size_t i = first >= count ? n : n == 0 ? first : n <= first ? n - 1 : n;

		text_append(err->text, sizeof(err->text), "%s%.63s (%s) %s", n ? "; " : "",
			disks[i].image_file ? disks[i].path : disks[i].name,
			text_size(size, disks[i].size_bytes), s->disks[i].reason);
		if (s->disks[i].setting[0])
			text_append(err->text, sizeof(err->text), " [%s]", s->disks[i].setting);
		shown++;
	}
	if (shown < count)
		text_append(err->text, sizeof(err->text), "; and %zu more", count - shown);
	text_append(err->text, sizeof(err->text), ". ");
}

/* Makes the whole sentence: the fault, every disk, the fix. */
static int refuse_disks(const struct selection *s, const struct disk *disks, size_t count,
	size_t first, enum exit_code code, const char *what, const char *fix, struct error *err)
{
	error_set_code(err, code, -ENODEV, "%s: ", what);
	list_disks(s, disks, count, first, err);
	text_append(err->text, sizeof(err->text), "%s", fix);
	return -ENODEV;
}

static int refuse_installed(const struct selection *s, const struct disk *disks, size_t count,
	size_t index, struct error *err)
{
	if (disks[index].image_file)
		return refuse_disks(s, disks, count, index, EXIT_ALREADY_INSTALLED,
			"The image is already installed",
			"To install anew, make a new file (truncate).", err);
	return refuse_disks(s, disks, count, index, EXIT_ALREADY_INSTALLED,
		"This machine is already installed",
		"Detach the installer's ISO to start it; to install anew, give it a blank disk.",
		err);
}

/* disk=auto found no blank disk: the code that fits what was there best. */
static int refuse_all(const struct selection *s, const struct disk *disks, size_t count,
	const struct select_request *request, struct error *err)
{
	size_t content = find_class(s, count, DISK_CONTENT);
	char what[128], need[TEXT_SIZE_BYTES];

	if (content == count && find_class(s, count, DISK_SMALL) < count) {
		snprintf(what, sizeof(what), "No disk is large enough, at least %s are needed",
			text_size(need, request->min_bytes));
		return refuse_disks(s, disks, count, count, EXIT_TOO_SMALL, what,
			"Give the machine a larger blank disk.", err);
	}
	return refuse_disks(s, disks, count, content,
		content < count ? EXIT_NOT_BLANK : EXIT_NO_DISK,
		"No disk is plainly meant for the guest", FIX_BLANK, err);
}

static bool is_extreme(const char *disk)
{
	return strcmp(disk, "smallest") == 0 || strcmp(disk, "largest") == 0;
}

/* disk=smallest and disk=largest: of the blank disks; two of that size are one too many. */
static int choose_extreme(const struct select_request *request, const struct disk *disks,
	size_t count, const struct selection *s, size_t *ret, struct error *err)
{
	bool smallest = strcmp(request->disk, "smallest") == 0;
	size_t best = count, ties = 0;

	for (size_t i = 0; i < count; i++) {
		if (s->disks[i].disk_class != DISK_SUITABLE)
			continue;
		if (best < count && disks[i].size_bytes == disks[best].size_bytes) {
			ties++;
		} else if (best == count ||
			   (disks[i].size_bytes < disks[best].size_bytes) == smallest) {
			best = i;
			ties = 0;
		}
	}
	if (ties > 0)
		return refuse_disks(s, disks, count, best, EXIT_SEVERAL_DISKS,
			smallest ? "Several blank disks are the smallest"
				 : "Several blank disks are the largest",
			"Name one with disk=/dev/NAME or disk=serial:NAME, or detach the others.",
			err);
	*ret = best;
	return 0;
}

/* disk=auto with wipe=refuse: the one blank disk. */
static int choose_blank(const struct select_request *request, const struct disk *disks,
	size_t count, const struct selection *s, size_t *ret, struct error *err)
{
	size_t suitable = find_class(s, count, DISK_SUITABLE);

	if (suitable == count)
		return refuse_all(s, disks, count, request, err);
	if (is_extreme(request->disk))
		return choose_extreme(request, disks, count, s, ret, err);
	if (count_class(s, count, DISK_SUITABLE) > 1)
		return refuse_disks(s, disks, count, count, EXIT_SEVERAL_DISKS,
			"Several disks are blank, so none is plainly meant for the guest",
			"Name one with disk=/dev/NAME or disk=serial:NAME, or detach the others.",
			err);
	*ret = suitable;
	return 0;
}

/* disk=auto with a token: the disk whose content it names. false: there is none, so the token has
 * been used, or it is of another machine. */
static int choose_by_token(const struct select_request *request, const struct disk *disks,
	size_t count, const struct selection *s, size_t *ret, bool *ret_found, struct error *err)
{
	size_t found = count, times = 0;

	for (size_t i = 0; i < count; i++) {
		if (s->disks[i].disk_class == DISK_CONTENT &&
			classify_may_overwrite(request, &disks[i]) && times++ == 0)
			found = i;
	}
	*ret_found = times > 0;
	if (times > 1)
		return refuse_disks(s, disks, count, found, EXIT_SEVERAL_DISKS,
			"wipe=TOKEN means several disks, which have the same content",
			"Name one with disk=/dev/NAME as well, or detach the others.", err);
	if (times == 1)
		*ret = found;
	return 0;
}

/* disk=auto with wipe=force: the only disk there is, and never a guess among several. */
static int choose_only(const struct select_request *request, const struct disk *disks, size_t count,
	const struct selection *s, size_t *ret, struct error *err)
{
	size_t suitable = find_class(s, count, DISK_SUITABLE);
	size_t content = find_class(s, count, DISK_CONTENT);

	if (count_class(s, count, DISK_OUT) + 1 < count)
		return refuse_disks(s, disks, count, count, EXIT_SEVERAL_DISKS,
			"wipe=force without a disk's name takes the only disk of a machine, "
			"but there are several",
			"Name one with disk=/dev/NAME or disk=serial:NAME, or detach the others.",
			err);
	if (suitable == count && content == count)
		return refuse_all(s, disks, count, request, err);
	*ret = suitable < count ? suitable : content;
	return 0;
}

static int choose_auto(const struct select_request *request, const struct disk *disks, size_t count,
	const struct selection *s, size_t *ret, struct error *err)
{
	size_t installed = find_class(s, count, DISK_INSTALLED);
	bool found;
	int r;

	/* Also beside a blank disk: the guest is here, and the blank one is for its data. */
	if (installed < count)
		return refuse_installed(s, disks, count, installed, err);
	if (request->wipe_force)
		return choose_only(request, disks, count, s, ret, err);
	r = choose_by_token(request, disks, count, s, ret, &found, err);
	if (r < 0 || found)
		return r;
	return choose_blank(request, disks, count, s, ret, err);
}

/* Finds the disk that the user named; a serial number must not be there twice. */
static int find_named(const char *disk, const struct disk *disks, size_t count,
	const struct selection *s, size_t *ret, struct error *err)
{
	size_t found = count, times = 0;
	char what[256];

	for (size_t i = 0; i < count; i++) {
		if (classify_is_named(disk, &disks[i]) && times++ == 0)
			found = i;
	}
	if (times == 1) {
		*ret = found;
		return 0;
	}
	snprintf(what, sizeof(what), times ? "Several disks are %.100s" : "There is no disk %.100s",
		disk);
	return refuse_disks(s, disks, count, found, times ? EXIT_SEVERAL_DISKS : EXIT_NO_DISK, what,
		times ? "Name one by its path, or give each a serial number of its own."
		      : "Name one of these, or say disk=auto.",
		err);
}

/* Whether a disk that the user or the layout named may be taken. disk is its name in the
 * sentence. */
static int check_named(const struct select_request *request, const char *disk,
	const struct disk *disks, size_t count, const struct selection *s, size_t i,
	struct error *err)
{
	enum disk_class disk_class = s->disks[i].disk_class;
	char what[256];

	if (disk_class == DISK_SUITABLE ||
		(disk_class == DISK_CONTENT && classify_may_overwrite(request, &disks[i])))
		return 0;
	if (disk_class == DISK_INSTALLED)
		return refuse_installed(s, disks, count, i, err);
	snprintf(what, sizeof(what), "%.100s cannot be taken", disk);
	if (disk_class == DISK_SMALL)
		return refuse_disks(
			s, disks, count, i, EXIT_TOO_SMALL, what, "Give it a larger disk.", err);
	if (disk_class == DISK_CONTENT)
		return refuse_disks(s, disks, count, i, EXIT_NOT_BLANK, what,
			"Say wipe=TOKEN to overwrite this content, or wipe=force to overwrite any, or name a blank disk.",
			err);
	return refuse_disks(s, disks, count, i, EXIT_NO_DISK, what,
		"Name another one, or give the machine one blank disk.", err);
}

static int choose_named(const struct select_request *request, const struct disk *disks,
	size_t count, const struct selection *s, size_t *ret, struct error *err)
{
	int r = find_named(request->disk, disks, count, s, ret, err);

	if (r < 0)
		return r;
	return check_named(request, request->disk, disks, count, s, *ret, err);
}

/* One disk of the layout pygrub: the one that its key names, else the one that the layout takes. */
static int choose_of_pair(const char *key, const char *name, const struct disk *disks, size_t count,
	const struct selection *s, size_t *ret, struct error *err)
{
	char what[128];

	if (!is_auto(key))
		return find_named(key, disks, count, s, ret, err);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(disks[i].name, name) == 0 && !disks[i].image_file) {
			*ret = i;
			return 0;
		}
	}
	snprintf(what, sizeof(what), "The layout pygrub takes %s and %s, but there is no %s",
		PYGRUB_BOOT, PYGRUB_ROOT, name);
	return refuse_disks(s, disks, count, count, EXIT_NO_DISK, what,
		"Give the machine both, or name two disks with disk= and boot-disk=.", err);
}

/* wipe=force without names takes the only two disks of a machine, never two among several. */
static int check_forced_pair(const struct select_request *request, const struct disk *disks,
	size_t count, const struct selection *s, struct error *err)
{
	if (!request->wipe_force || !(is_auto(request->disk) || is_auto(request->boot_disk)) ||
		count_class(s, count, DISK_OUT) + 2 >= count)
		return 0;
	return refuse_disks(s, disks, count, count, EXIT_SEVERAL_DISKS,
		"wipe=force without the disks' names takes the only two disks of a machine, but "
		"there are more",
		"Name two with disk= and boot-disk=, or detach the others.", err);
}

/* The layout pygrub's two disks: both, or none. */
static int choose_pair(const struct select_request *request, const struct disk *disks, size_t count,
	const struct selection *s, size_t *ret_root, size_t *ret_boot, struct error *err)
{
	size_t root = count, boot = count;
	int r;

	if (is_auto(request->disk) && strcmp(request->disk, "auto") != 0)
		return refuse_disks(s, disks, count, count, EXIT_CONFIGURATION,
			"The layout pygrub takes two disks, of which disk=size:, smallest and largest name none",
			"Name both with disk= and boot-disk=.", err);
	r = choose_of_pair(request->disk, PYGRUB_ROOT, disks, count, s, &root, err);

	if (r < 0)
		return r;
	r = choose_of_pair(request->boot_disk, PYGRUB_BOOT, disks, count, s, &boot, err);
	if (r < 0)
		return r;
	if (root == boot)
		return refuse_disks(s, disks, count, root, EXIT_CONFIGURATION,
			"The layout pygrub needs two disks, but disk and boot-disk are one",
			"Name another one.", err);
	r = check_forced_pair(request, disks, count, s, err);
	if (r < 0)
		return r;
	r = check_named(request, disks[boot].name, disks, count, s, boot, err);
	if (r < 0)
		return r;
	r = check_named(request, disks[root].name, disks, count, s, root, err);
	if (r < 0)
		return r;
	*ret_root = root;
	*ret_boot = boot;
	return 0;
}

/* Refuses if another disk carries a label or UUID of the plan: the installed guest could then
 * start from the wrong one. An image file is not for this machine, so nothing here matters to
 * it. */
static int check_conflicts(const struct select_request *request, const struct disk *disks,
	size_t count, size_t target, size_t boot, struct selection *s, struct error *err)
{
	size_t first = count;

	if (disks[target].image_file)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (i == target || i == boot ||
			!classify_conflicts(request, &disks[i], s->disks[i].reason))
			continue;
		s->disks[i].disk_class = DISK_CONFLICT;
		first = first < count ? first : i;
	}
	if (first == count)
		return 0;
	return refuse_disks(s, disks, count, first, EXIT_NOT_BLANK,
		"Another disk carries a name that the guest would look for",
		"Detach it, or choose other labels (root-label, esp-label).", err);
}

/* What is asked of one disk: the boot disk need not be as large as the root's. */
static void classify_one(const struct select_request *request, const struct disk *disk,
	bool unique_serial, struct selection *s, size_t index)
{
	struct select_request own = *request;
	bool pair = !layout_has_table(request->layout);
	bool boot = pair &&
		    (is_auto(request->boot_disk) ? strcmp(disk->name, PYGRUB_BOOT) == 0
						 : classify_is_named(request->boot_disk, disk));
	bool named = boot || (!is_auto(request->disk) && classify_is_named(request->disk, disk));

	if (boot)
		own.min_bytes = BOOT_MIN_BYTES;
	s->disks[index].disk_class = classify_disk(&own, disk, named, s->disks[index].reason);
	/* Two disks need two settings, which the user knows best. */
	if (!pair)
		classify_setting(&own, disk, unique_serial, s->disks[index].setting);
}

static bool has_unique_serial(const struct disk *disks, size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++)
		if (i != index && strcmp(disks[i].serial, disks[index].serial) == 0)
			return false;
	return true;
}

void select_classify(const struct select_request *request, const struct disk *disks, size_t count,
	struct selection *ret)
{
	for (size_t i = 0; i < count; i++)
		classify_one(request, &disks[i], has_unique_serial(disks, count, i), ret, i);
}

int select_target(const struct select_request *request, const struct disk *disks, size_t count,
	struct selection *ret, struct error *err)
{
	size_t target = count, boot = SIZE_MAX;
	int r;

	select_classify(request, disks, count, ret);
	if (!layout_has_table(request->layout))
		r = choose_pair(request, disks, count, ret, &target, &boot, err);
	else
		r = (is_auto(request->disk) ? choose_auto : choose_named)(
			request, disks, count, ret, &target, err);
	if (r < 0)
		return r;
	r = check_conflicts(request, disks, count, target, boot, ret, err);
	if (r < 0)
		return r;
	ret->target = target;
	ret->boot = boot;
	ret->disks[target].disk_class = DISK_TAKEN;
	if (boot < count)
		ret->disks[boot].disk_class = DISK_TAKEN;
	return 0;
}
