/* SPDX-License-Identifier: MIT */
#include "guest/target_file.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/text.h"

static bool is_in_store(const char *root, const char *path)
{
	char store[FILE_PATH_BYTES];
	size_t length;

	file_below(store, root, "/nix");
	length = strlen(store);
	return strncmp(path, store, length) == 0 && (path[length] == '/' || !path[length]);
}

int target_file_make_folder(
	const char *root, const char *folder, char ret[FILE_PATH_BYTES], struct error *err)
{
	char parent[FILE_PATH_BYTES], made[FILE_PATH_BYTES];
	const char *name = file_base_name(folder);
	int r = file_resolve(root, folder[0] ? folder : "/", ret, err);

	if (r != -ENOENT || !folder[0])
		return r;
	/* Its own parent first: as many rounds as the path has folders. */
	if (text_copy(parent, sizeof(parent), folder) < 0)
		return -ENAMETOOLONG;
	parent[name - 1 - folder] = '\0';
	r = target_file_make_folder(root, parent, made, err);
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

int target_file_write(const char *root, const char *path, const void *data, size_t size_bytes,
	mode_t mode, uid_t uid, gid_t gid, struct error *err)
{
	char folder[FILE_PATH_BYTES], found[FILE_PATH_BYTES], written[FILE_PATH_BYTES];
	const char *name = file_base_name(path);
	int r;

	if (text_copy(folder, sizeof(folder), path) < 0)
		return -ENAMETOOLONG;
	folder[name - 1 - path] = '\0';
	r = target_file_make_folder(root, folder, found, err);
	if (r < 0)
		return r;
	if (is_in_store(root, found))
		return error_set(err, -EINVAL, "its folder lies in the store of the guest");
	if (is_on_tmpfs(found))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"what lies at %s is gone when the guest boots: choose a path on its disk",
			path);
	file_below(written, found, "/%s", name);
	return file_write(written, data, size_bytes, mode, uid, gid, err);
}
