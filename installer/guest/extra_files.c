/* SPDX-License-Identifier: MIT */
#include "guest/extra_files.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define EXTRA_MAX_BYTES (4 * 1024 * 1024)
#define TARGET_BYTES	sizeof(((struct extra_file_settings *)0)->files[0].target)

/* Folders that are empty again at each boot, or belong to the kernel. */
static bool is_volatile(const char *target)
{
	static const char *const folders[] = { "/run/", "/dev/", "/proc/", "/sys/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(target, folders[i], strlen(folders[i])) == 0)
			return true;
	return false;
}

static int refuse_volatile(const char *target, struct error *err)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"file = %s: what lies there is gone when the guest boots: choose a path on its disk.",
		target);
}

int extra_files_read(
	const struct extra_file_settings *settings, struct extra_files *ret, struct error *err)
{
	ret->settings = settings;
	for (size_t i = 0; i < settings->count; i++) {
		int r;

		if (is_volatile(settings->files[i].target))
			return refuse_volatile(settings->files[i].target, err);
		r = file_read(settings->files[i].source, EXTRA_MAX_BYTES, &ret->contents[i],
			&ret->sizes_bytes[i], err);
		if (r < 0) {
			err->code = EXIT_CONFIGURATION;
			return r;
		}
	}
	return 0;
}

static bool is_in_store(const char *root, const char *path)
{
	char store[FILE_PATH_BYTES];
	size_t length;

	file_below(store, root, "/nix");
	length = strlen(store);
	return strncmp(path, store, length) == 0 && (path[length] == '/' || !path[length]);
}

/* The folder of a target, made if it is missing; ret is where it really is. */
static int open_parent_folder(
	const char *root, const char *folder, char ret[FILE_PATH_BYTES], struct error *err)
{
	char parent[TARGET_BYTES], made[FILE_PATH_BYTES];
	const char *name = file_base_name(folder);
	int r = file_resolve(root, folder[0] ? folder : "/", ret, err);

	if (r != -ENOENT || !folder[0])
		return r;
	/* Its own parent first: as many rounds as the path has folders. */
	if (text_copy(parent, sizeof(parent), folder) < 0)
		return -ENAMETOOLONG;
	parent[name - 1 - folder] = '\0';
	r = open_parent_folder(root, parent, made, err);
	if (r < 0)
		return r;
	if (is_in_store(root, made))
		return error_set(err, -EINVAL, "%s lies in the store of the guest", folder);
	file_below(ret, made, "/%s", name);
	return file_make_folder(ret, 0755, 0, 0, err);
}

/* The chroot of the guest's programs has a tmpfs on /run, to which a link of the guest may lead. */
static bool is_on_tmpfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static int write_one(const char *root, const char *target, const char *content, size_t size_bytes,
	struct error *err)
{
	char folder[TARGET_BYTES], path[FILE_PATH_BYTES], file[FILE_PATH_BYTES];
	const char *name = file_base_name(target);
	int r;

	if (text_copy(folder, sizeof(folder), target) < 0)
		return -ENAMETOOLONG;
	folder[name - 1 - target] = '\0';
	r = open_parent_folder(root, folder, path, err);
	if (r < 0)
		return r;
	if (is_in_store(root, path))
		return error_set(err, -EINVAL, "its folder lies in the store of the guest");
	if (is_on_tmpfs(path))
		return refuse_volatile(target, err);
	file_below(file, path, "/%s", name);
	return file_write(file, content, size_bytes, 0644, 0, 0, err);
}

int extra_files_write(const struct extra_files *extra_files, const char *root, struct error *err)
{
	const struct extra_file_settings *settings = extra_files->settings;

	for (size_t i = 0; i < settings->count; i++) {
		int r = write_one(root, settings->files[i].target, extra_files->contents[i],
			extra_files->sizes_bytes[i], err);

		if (r < 0) {
			error_wrap(err, "write %s into the guest", settings->files[i].target);
			return r;
		}
	}
	return 0;
}

static int verify_one_file(const char *root, const char *target, const char *content,
	size_t size_bytes, struct error *err)
{
	AUTO_FREE char *found = NULL;
	char path[FILE_PATH_BYTES];
	size_t found_bytes;
	int r = file_resolve(root, target, path, err);

	if (r < 0)
		return r;
	r = file_read(path, EXTRA_MAX_BYTES, &found, &found_bytes, err);
	if (r < 0)
		return r;
	if (found_bytes != size_bytes || memcmp(found, content, size_bytes) != 0)
		return error_set(err, -EBADMSG,
			"The guest's file %s does not hold what file = %s names.", target, target);
	return 0;
}

int extra_files_verify(const struct extra_files *extra_files, const char *root, struct error *err)
{
	const struct extra_file_settings *settings = extra_files->settings;

	for (size_t i = 0; i < settings->count; i++) {
		int r = verify_one_file(root, settings->files[i].target, extra_files->contents[i],
			extra_files->sizes_bytes[i], err);

		if (r < 0) {
			err->code = EXIT_VERIFY;
			return r;
		}
	}
	return 0;
}
