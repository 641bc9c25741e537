/* SPDX-License-Identifier: MIT */
#include "image/image_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define LINKS_MAX 40 /* as Linux follows */

int image_view_open(const struct plan *plan, size_t index, const char *folder,
	struct image_view *ret, struct error *err)
{
	int r = file_ensure_folder(folder, 0700, err);

	if (r < 0)
		return r;
	if (text_copy(ret->root, sizeof(ret->root), folder) < 0)
		return error_errno_host(err, -ENAMETOOLONG, "open folder %s", folder);
	return ext4_reader_open(&ret->reader, plan_open_path(plan, index),
		plan->partitions[index].offset_bytes, err);
}

void image_view_close(struct image_view *view)
{
	ext4_reader_close(&view->reader);
}

/* -------------------------------------------------------- one part of a path */

static int show_file(
	struct image_view *view, const struct ext4_entry *entry, const char *to, struct error *err)
{
	mode_t mode = entry->mode & S_IXUSR ? 0700 : 0600;
	AUTO_CLOSE int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return errno == EEXIST ? 0 : error_errno_host(err, -errno, "create %s", to);
	return ext4_reader_copy(&view->reader, entry, fd, err);
}

static int show_link(const char *target, const char *to, struct error *err)
{
	if (symlink(target, to) < 0 && errno != EEXIST)
		return error_errno_host(err, -errno, "create link %s", to);
	return 0;
}

/* The path that a link leads to: target, seen from the folder of the link, and what comes
 * behind. */
static int follow_link(const char *folder, const char *target, const char *rest,
	char ret[FILE_PATH_BYTES], struct error *err)
{
	int length = target[0] == '/'
			     ? snprintf(ret, FILE_PATH_BYTES, "%s%s", target, rest)
			     : snprintf(ret, FILE_PATH_BYTES, "%s/%s%s", folder, target, rest);

	return length < FILE_PATH_BYTES ? 0
					: error_errno_host(err, -ENAMETOOLONG, "follow %s", target);
}

/* -------------------------------------------------------- a whole path */

/* How far a path has been copied. */
struct walk {
	char path[FILE_PATH_BYTES]; /* what is to be copied; changes with each link */
	char done[FILE_PATH_BYTES]; /* real folders, which are copied already */
	unsigned links;
};

/* Leaves the last folder, as ".." does. */
static void go_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = '\0';
}

/* Continues with the target of a link. */
static int go_to_target(struct image_view *view, const struct ext4_entry *entry, const char *to,
	const char *rest, struct walk *walk, struct error *err)
{
	AUTO_FREE char *target = NULL;
	char path[FILE_PATH_BYTES];
	int r = ext4_reader_read(&view->reader, entry, FILE_PATH_BYTES - 1, &target, NULL, err);

	if (r < 0)
		return r;
	if (++walk->links > LINKS_MAX)
		return error_errno_host(err, -ELOOP, "follow the links of %s", walk->path);
	r = show_link(target, to, err);
	if (r < 0)
		return r;
	r = follow_link(walk->done, target, rest, path, err);
	if (r < 0)
		return r;
	memcpy(walk->path, path, sizeof(path));
	walk->done[0] = '\0';
	return 0;
}

/* Copies the part of the path that comes next; *rest is what is behind it. */
static int show_part(struct image_view *view, const char *name, const char **rest,
	struct walk *walk, struct error *err)
{
	char inner[FILE_PATH_BYTES], to[FILE_PATH_BYTES];
	struct ext4_entry entry;
	int r;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		if (name[1])
			go_up(walk);
		return 0;
	}
	file_below(inner, walk->done, "/%s", name);
	file_below(to, view->root, "%s", inner);
	r = ext4_reader_look(&view->reader, inner, &entry, err);
	if (r < 0)
		return r;
	if (S_ISLNK(entry.mode)) {
		r = go_to_target(view, &entry, to, *rest, walk, err);
		*rest = walk->path;
		return r;
	}
	memcpy(walk->done, inner, sizeof(inner));
	return S_ISDIR(entry.mode)   ? file_ensure_folder(to, 0700, err)
	       : S_ISREG(entry.mode) ? show_file(view, &entry, to, err)
				     : 0;
}

int image_view_show(struct image_view *view, const char *path, struct error *err)
{
	struct walk walk = { .links = 0 };
	const char *rest = walk.path;
	char name[256];

	if (text_copy(walk.path, sizeof(walk.path), path) < 0)
		return error_errno_host(err, -ENAMETOOLONG, "copy %s", path);
	while (*(rest += strspn(rest, "/"))) {
		size_t length = strcspn(rest, "/");
		int r;

		if (length >= sizeof(name))
			return error_errno_host(err, -ENAMETOOLONG, "copy %s", path);
		snprintf(name, sizeof(name), "%.*s", (int)length, rest);
		rest += length;
		r = show_part(view, name, &rest, &walk, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int image_view_show_optional(struct image_view *view, const char *path, struct error *err)
{
	int r = image_view_show(view, path, err);

	return r < 0 && file_is_missing(r) ? 0 : r;
}

/* -------------------------------------------------------- a folder */

struct shown_folder {
	struct image_view *view;
	const char *path;
};

static int show_member(const char *name, void *userdata, struct error *err)
{
	const struct shown_folder *folder = userdata;
	char path[FILE_PATH_BYTES];

	file_below(path, folder->path, "/%s", name);
	return image_view_show_optional(folder->view, path, err);
}

int image_view_show_folder(struct image_view *view, const char *path, struct error *err)
{
	struct shown_folder folder = { view, path };
	struct ext4_entry entry;
	int r = ext4_reader_follow(&view->reader, path, &entry, err);

	if (r < 0)
		return r;
	if (!S_ISDIR(entry.mode))
		return error_errno_host(err, -ENOTDIR, "copy %s", path);
	r = image_view_show(view, path, err);
	if (r < 0)
		return r;
	return ext4_reader_list(&view->reader, &entry, show_member, &folder, err);
}
