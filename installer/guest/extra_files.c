/* SPDX-License-Identifier: MIT */
#include "guest/extra_files.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "guest/target_file.h"

#define EXTRA_MAX_BYTES (4 * 1024 * 1024)
#define HOMES		"/home"

/* Folders that are empty again at each boot, or belong to the kernel. /var/run is a link that
 * activation makes. */
static bool is_volatile(const char *target)
{
	static const char *const folders[] = { "/run/", "/var/run/", "/dev/", "/proc/", "/sys/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (text_starts_with(target, folders[i]))
			return true;
	return false;
}

static int refuse_volatile(const char *target, struct error *err)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"files = %s: what lies there is gone when the guest boots: choose a path on its disk.",
		target);
}

static int read_source(const struct extra_file *file, const struct key_drive *drive,
	const char *mount_path, char **ret, size_t *ret_bytes, struct error *err)
{
	int r;

	if (file->on_drive)
		return key_drive_read_file(
			drive, mount_path, file->source, EXTRA_MAX_BYTES, ret, ret_bytes, err);
	r = file_read(file->source, EXTRA_MAX_BYTES, ret, ret_bytes, err);
	if (r < 0)
		err->code = EXIT_CONFIGURATION;
	return r;
}

int extra_files_read(const struct extra_file_settings *settings, const struct key_drive *drive,
	const char *mount_path, struct extra_files *ret, struct error *err)
{
	ret->settings = settings;
	for (size_t i = 0; i < settings->count; i++) {
		int r;

		if (is_volatile(settings->files[i].target))
			return refuse_volatile(settings->files[i].target, err);
		r = read_source(&settings->files[i], drive, mount_path, &ret->contents[i],
			&ret->sizes_bytes[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One file with what it is to hold. */
struct content {
	const struct extra_file *file;
	const char *bytes;
	size_t size_bytes;
};

static int write_one(const char *root, const struct content *content, struct error *err)
{
	const struct extra_file *file = content->file;

	return target_file_write(root, file->target, content->bytes, content->size_bytes,
		file->mode, file->uid, file->gid, err);
}

static int check_access(const char *path, const struct extra_file *file, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(err, -errno, "read back %s", path);
	if ((st.st_mode & 07777) == file->mode && st.st_uid == file->uid && st.st_gid == file->gid)
		return 0;
	return error_set(err, -EBADMSG,
		"The guest's file %s has mode %04o and owner %u:%u instead of %04o and %u:%u.",
		file->target, st.st_mode & 07777, st.st_uid, st.st_gid, file->mode, file->uid,
		file->gid);
}

static int check_one(const char *root, const struct content *content, struct error *err)
{
	const struct extra_file *file = content->file;
	AUTO_FREE char *found = NULL;
	char path[FILE_PATH_BYTES];
	size_t found_bytes;
	int r = file_resolve(root, file->target, path, err);

	if (r < 0)
		return r;
	r = file_read(path, EXTRA_MAX_BYTES, &found, &found_bytes, err);
	if (r < 0)
		return r;
	if (found_bytes != content->size_bytes ||
		memcmp(found, content->bytes, content->size_bytes) != 0)
		return error_set(err, -EBADMSG,
			"The guest's file %s does not hold what files = %s names.", file->target,
			file->target);
	return check_access(path, file, err);
}

static int write_early(const char *root, const struct content *content, struct error *err)
{
	return text_starts_with(content->file->target, HOMES "/") ? 0
								  : write_one(root, content, err);
}

static int restore_one(const char *root, const struct content *content, struct error *err)
{
	struct error changed;

	return check_one(root, content, &changed) < 0 ? write_one(root, content, err) : 0;
}

/* Calls work for each file until it fails; ret is the one that failed. */
static int for_each_file(const struct extra_files *extra_files, const char *root,
	int (*work)(const char *root, const struct content *content, struct error *err),
	const struct extra_file **ret_failed, struct error *err)
{
	for (size_t i = 0; i < extra_files->settings->count; i++) {
		const struct content content = {
			.file = &extra_files->settings->files[i],
			.bytes = extra_files->contents[i],
			.size_bytes = extra_files->sizes_bytes[i],
		};
		int r = work(root, &content, err);

		*ret_failed = content.file;
		if (r < 0)
			return r;
	}
	return 0;
}

int extra_files_write(const struct extra_files *extra_files, const char *root, struct error *err)
{
	const struct extra_file *failed;
	int r = for_each_file(extra_files, root, write_early, &failed, err);

	if (r < 0)
		error_wrap(err, "write %s into the guest", failed->target);
	return r;
}

int extra_files_restore(const struct extra_files *extra_files, const char *root, struct error *err)
{
	const struct extra_file *failed;
	int r = for_each_file(extra_files, root, restore_one, &failed, err);

	if (r < 0)
		error_wrap(err, "write %s into the guest", failed->target);
	return r;
}

int extra_files_verify(const struct extra_files *extra_files, const char *root, struct error *err)
{
	const struct extra_file *failed;
	int r = for_each_file(extra_files, root, check_one, &failed, err);

	if (r < 0)
		err->code = EXIT_VERIFY;
	return r;
}
