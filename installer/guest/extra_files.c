/* SPDX-License-Identifier: MIT */
#include "guest/extra_files.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define EXTRA_MAX_BYTES (4 * 1024 * 1024)
#define TARGET_BYTES	sizeof(((struct extra_file_settings *)0)->files[0].target)

int extra_files_read(
	const struct extra_file_settings *settings, struct extra_files *ret, struct error *err)
{
	ret->settings = settings;
	for (size_t i = 0; i < settings->count; i++) {
		int r = file_read(settings->files[i].source, EXTRA_MAX_BYTES, &ret->contents[i],
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
