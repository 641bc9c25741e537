/* SPDX-License-Identifier: MIT */
#include "disk/mount.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

#define MOUNTINFO      "/proc/self/mountinfo"
#define SWAPS	       "/proc/swaps"
#define BUSY_TRIES     50
#define BUSY_PAUSE_MS  100
#define MESSAGE_BYTES  512
#define TARGET_MODE    0755
#define EXCODE_SUCCESS 0

static void free_context(struct libmnt_context **context)
{
	mnt_free_context(*context);
}

static void unref_table(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

#define AUTO_CONTEXT CLEANUP(free_context)
#define AUTO_TABLE   CLEANUP(unref_table)

static struct libmnt_context *new_context(const char *target)
{
	struct libmnt_context *context = mnt_new_context();

	if (!context || mnt_context_set_target(context, target) < 0)
		abort();
	mnt_context_set_optsmode(context, MNT_OMODE_NOTAB);
	mnt_context_disable_mtab(context, 1);
	mnt_context_disable_helpers(context, 1);
	return context;
}

/* Turns a result of libmount into ours, with its own words for it in *ret_message. */
static int mount_result(struct libmnt_context *context, int r, char ret_message[MESSAGE_BYTES])
{
	ret_message[0] = '\0';
	if (mnt_context_get_excode(context, r, ret_message, MESSAGE_BYTES) == EXCODE_SUCCESS)
		return 0;
	if (mnt_context_syscall_called(context) && mnt_context_get_syscall_errno(context) > 0)
		return -mnt_context_get_syscall_errno(context);
	return r < 0 && r > -4096 ? r : -EIO;
}

int mount_isolate(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_errno_host(err, -errno, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno_host(err, -errno, "keep our mounts from the rest of the system");
	return 0;
}

int mount_one(const char *source, const char *target, const char *fstype, const char *options,
	struct error *err)
{
	AUTO_CONTEXT struct libmnt_context *context = new_context(target);
	char message[MESSAGE_BYTES];
	int r;

	if (mkdir(target, TARGET_MODE) < 0 && errno != EEXIST)
		return error_errno_host(err, -errno, "make the mount point %s", target);
	if (mnt_context_set_source(context, source) < 0 ||
		mnt_context_set_fstype(context, fstype) < 0 ||
		(options && mnt_context_set_options(context, options) < 0))
		abort();
	r = mount_result(context, mnt_context_mount(context), message);
	if (r < 0)
		return error_set(err, r, "mount %s (%s) on %s: %s", source, fstype, target,
			message[0] ? message : strerror(-r));
	return 0;
}

static int umount_once(const char *target, char ret_message[MESSAGE_BYTES])
{
	AUTO_CONTEXT struct libmnt_context *context = new_context(target);

	return mount_result(context, mnt_context_umount(context), ret_message);
}

int mount_detach(const char *target, struct error *err)
{
	char message[MESSAGE_BYTES];
	int r = umount_once(target, message);

	for (int i = 0; r == -EBUSY && i < BUSY_TRIES; i++) {
		poll(NULL, 0, BUSY_PAUSE_MS);
		r = umount_once(target, message);
	}
	if (r == -EBUSY)
		return error_set(err, r,
			"unmount %s: a program still uses it, or something is mounted below it",
			target);
	if (r < 0)
		return error_set(
			err, r, "unmount %s: %s", target, message[0] ? message : strerror(-r));
	return 0;
}

static int read_mounts(struct libmnt_table **ret, struct error *err)
{
	*ret = mnt_new_table_from_file(MOUNTINFO);
	if (!*ret)
		return error_errno(err, errno ? -errno : -EIO, "read " MOUNTINFO);
	return 0;
}

static bool is_mounted_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The mount point at or below a folder that was mounted last; false if there is none. */
static bool last_below(struct libmnt_table *table, const char *folder, char ret[FILE_PATH_BYTES])
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *fs;
	bool found = false;

	if (!iter)
		abort();
	while (!found && mnt_table_next_fs(table, iter, &fs) == 0) {
		found = is_mounted_below(mnt_fs_get_target(fs), folder);
		if (found)
			snprintf(ret, FILE_PATH_BYTES, "%s", mnt_fs_get_target(fs));
	}
	mnt_free_iter(iter);
	return found;
}

int mount_detach_below(const char *target_path, struct error *err)
{
	for (;;) {
		AUTO_TABLE struct libmnt_table *table = NULL;
		char path[FILE_PATH_BYTES];
		int r = read_mounts(&table, err);

		if (r < 0)
			return r;
		if (!last_below(table, target_path, path))
			return 0;
		r = mount_detach(path, err);
		if (r < 0)
			return r;
	}
}

int mount_source(const char *path, char ret_source[MOUNT_PATH_BYTES], struct error *err)
{
	AUTO_TABLE struct libmnt_table *table = NULL;
	struct libmnt_fs *fs;
	int r = read_mounts(&table, err);

	if (r < 0)
		return r;
	fs = mnt_table_find_target(table, path, MNT_ITER_BACKWARD);
	if (!fs || !mnt_fs_get_source(fs))
		return error_set(err, -ENOENT, "nothing is mounted on %s", path);
	snprintf(ret_source, MOUNT_PATH_BYTES, "%s", mnt_fs_get_source(fs));
	return 0;
}

static bool is_one_of(dev_t device, const dev_t *devices, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (devices[i] == device)
			return true;
	}
	return false;
}

/* Some file systems (btrfs) have a number that is no device's: their source tells. */
static bool lies_on(struct libmnt_fs *fs, const dev_t *devices, size_t count)
{
	const char *source = mnt_fs_get_source(fs);
	struct stat st;

	if (is_one_of(mnt_fs_get_devno(fs), devices, count))
		return true;
	return source && source[0] == '/' && stat(source, &st) == 0 && S_ISBLK(st.st_mode) &&
	       is_one_of(st.st_rdev, devices, count);
}

/* The first entry of a table that lies on one of the devices; NULL if none does. */
static struct libmnt_fs *first_on(struct libmnt_table *table, const dev_t *devices, size_t count)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs, *found = NULL;

	if (!iter)
		abort();
	while (!found && mnt_table_next_fs(table, iter, &fs) == 0) {
		if (lies_on(fs, devices, count))
			found = fs;
	}
	mnt_free_iter(iter);
	return found;
}

int mount_point_of(
	const dev_t *devices, size_t count, char ret_path[MOUNT_PATH_BYTES], struct error *err)
{
	AUTO_TABLE struct libmnt_table *mounts = NULL;
	AUTO_TABLE struct libmnt_table *swaps = mnt_new_table();
	struct libmnt_fs *fs;
	int r = read_mounts(&mounts, err);

	if (r < 0)
		return r;
	ret_path[0] = '\0';
	fs = first_on(mounts, devices, count);
	if (fs)
		snprintf(ret_path, MOUNT_PATH_BYTES, "%s", mnt_fs_get_target(fs));
	/* A kernel without swap has no such file. */
	else if (mnt_table_parse_swaps(swaps, SWAPS) == 0 && first_on(swaps, devices, count))
		snprintf(ret_path, MOUNT_PATH_BYTES, "[SWAP]");
	return 0;
}

/* libmount calls it for a line that it cannot read; a positive result would let it go on. */
static int refuse_fstab_line(struct libmnt_table *table, const char *name, int line)
{
	(void)name;
	mnt_table_set_userdata(table, (void *)(intptr_t)line);
	return -EBADMSG;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int mount_read_fstab(const char *text,
	int (*visit)(const char *device, const char *path, const char *options, void *userdata,
		struct error *err),
	void *userdata, struct error *err)
{
	AUTO_TABLE struct libmnt_table *table = mnt_new_table();
	AUTO_FCLOSE FILE *stream = NULL;
	struct libmnt_iter *iter;
	struct libmnt_fs *fs;
	int r = 0;

	if (!*text)
		return 0;
	stream = fmemopen((char *)text, strlen(text), "r");
	if (!table || !stream)
		abort();
	mnt_table_set_parser_errcb(table, refuse_fstab_line);
	/* libmount reports success if it cannot read a last line without newline. */
	if (mnt_table_parse_stream(table, stream, "fstab") < 0 || mnt_table_get_userdata(table))
		return error_set(err, -EBADMSG, "fstab line %d is not understood by mount(8).",
			(int)(intptr_t)mnt_table_get_userdata(table));
	iter = mnt_new_iter(MNT_ITER_FORWARD);
	if (!iter)
		abort();
	while (r == 0 && mnt_table_next_fs(table, iter, &fs) == 0)
		r = visit(or_empty(mnt_fs_get_source(fs)), or_empty(mnt_fs_get_target(fs)),
			or_empty(mnt_fs_get_options(fs)), userdata, err);
	mnt_free_iter(iter);
	return r;
}
