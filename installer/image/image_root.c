/* SPDX-License-Identifier: MIT */
#include "image/image_root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "ext4/ext4_files.h"
#include "guest/nixos.h"
#include "image/image_owner.h"
#include "store/database.h"

#define DATABASE_FOLDER "/nix/var/nix/db"
#define PROFILES	"/nix/var/nix/profiles"

/* What the steps below work on. */
struct filling {
	const struct image_request *request;
	struct image_view *view;
	struct ext4_files *files;
};

static struct ext4_access access_of(
	const struct filling *filling, mode_t mode, uid_t uid, gid_t gid)
{
	return (struct ext4_access){ mode, uid, gid, filling->request->time_s };
}

static int write_image_text(
	struct filling *filling, const char *path, const char *text, mode_t mode, struct error *err)
{
	const struct ext4_access access = access_of(filling, mode, 0, 0);

	return ext4_files_write(filling->files, path, text, strlen(text), &access, err);
}

static int link_to(struct filling *filling, const char *path, const char *target, struct error *err)
{
	return ext4_files_link(filling->files, path, target, filling->request->time_s, err);
}

static int make_image_folder(struct filling *filling, const char *path, mode_t mode, uid_t uid,
	gid_t gid, struct error *err)
{
	const struct ext4_access access = access_of(filling, mode, uid, gid);

	return ext4_files_make_folder(filling->files, path, &access, err);
}

/* -------------------------------------------------------- Nix's database */

static int make_host_folders(const char *root, const char *path, struct error *err)
{
	char part[FILE_PATH_BYTES];
	int r;

	for (const char *end = path; *end; end = strchrnul(end + 1, '/')) {
		file_below(part, root, "%.*s", (int)(end - path), path);
		r = file_ensure_folder(part, 0700, err);
		if (r < 0)
			return r;
	}
	file_below(part, root, "%s", path);
	return file_ensure_folder(part, 0700, err);
}

/* SQLite writes it to a file of the host. */
static int add_database(struct filling *filling, struct error *err)
{
	static const char *const names[] = { DATABASE_FOLDER "/db.sqlite",
		DATABASE_FOLDER "/schema" };
	const struct ext4_access access = access_of(filling, 0644, 0, 0);
	char root[FILE_PATH_BYTES], from[FILE_PATH_BYTES];
	int r;

	file_below(root, filling->request->folder, "/database");
	r = make_host_folders(root, DATABASE_FOLDER, err);
	if (r < 0)
		return r;
	r = database_write(root, filling->request->closure, filling->request->time_s, err);
	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		file_below(from, root, "%s", names[i]);
		r = ext4_files_copy(filling->files, names[i], from, &access, err);
	}
	return r;
}

/* -------------------------------------------------------- folders and profile */

static int add_folders(struct filling *filling, struct error *err)
{
	for (const struct nixos_folder *folder = nixos_folders; folder->path; folder++) {
		int r = make_image_folder(filling, folder->path, folder->mode, 0, folder->gid, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Where the plan's other file systems are mounted. */
static int add_mount_points(struct filling *filling, struct error *err)
{
	const struct plan *plan = filling->request->plan;

	for (size_t i = 0; i < plan->partition_count; i++) {
		const char *path = plan->partitions[i].mount_path;
		int r = 0;

		if (path[0] && path[1])
			r = make_image_folder(filling, path, 0755, 0, 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The profile's first generation, and the root of garbage collection for all profiles, which Nix
 * makes when it first opens the store. */
static int add_profile(struct filling *filling, struct error *err)
{
	int r = link_to(filling, PROFILES "/system-1-link", filling->request->plan->system, err);

	if (r < 0)
		return r;
	r = link_to(filling, PROFILES "/system", "system-1-link", err);
	if (r < 0)
		return r;
	return link_to(filling, "/nix/var/nix/gcroots/profiles", PROFILES, err);
}

static int add_nixos_files(struct filling *filling, struct error *err)
{
	int r = write_image_text(filling, "/etc/NIXOS", "", 0644, err);

	if (r < 0)
		return r;
	return link_to(filling, "/etc/mtab", "/proc/mounts", err);
}

static int add_everything(struct ext4_files *files, void *userdata, struct error *err)
{
	struct filling *filling = userdata;
	int r;

	filling->files = files;
	r = add_folders(filling, err);

	if (r < 0)
		return r;
	r = add_mount_points(filling, err);
	if (r < 0)
		return r;
	r = add_database(filling, err);
	if (r < 0)
		return r;
	r = add_profile(filling, err);
	if (r < 0)
		return r;
	r = add_nixos_files(filling, err);
	if (r < 0)
		return r;
	r = image_owner_add(filling->request, filling->view, files, err);
	if (r < 0)
		return r;
	return image_owner_add_log(filling->request, files, "as an image, without a machine",
		"activation and host keys that were not given: left to the first boot\n", err);
}

int image_root_fill(const struct image_request *request, struct image_view *view, struct error *err)
{
	const struct plan *plan = request->plan;
	struct filling filling = { .request = request, .view = view };

	return ext4_files_change(plan_open_path(plan, plan->root),
		plan->partitions[plan->root].offset_bytes, add_everything, &filling, err);
}
