/* SPDX-License-Identifier: MIT */
#include "image/image_root.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "guest/nixos.h"
#include "image/image_owner.h"
#include "image/image_writer.h"
#include "store/database.h"

#define DATABASE_FOLDER "/nix/var/nix/db"
#define PROFILES	"/nix/var/nix/profiles"

static int link_to(
	struct image_writer *writer, const char *path, const char *target, struct error *err)
{
	return ext4_files_link(writer->files, path, target, writer->request->time_s, err);
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
static int add_database(struct image_writer *writer, struct error *err)
{
	static const char *const names[] = { DATABASE_FOLDER "/db.sqlite",
		DATABASE_FOLDER "/schema" };
	const struct ext4_access access = image_writer_access(writer, 0644, 0, 0);
	char root[FILE_PATH_BYTES], from[FILE_PATH_BYTES];
	int r;

	file_below(root, writer->request->folder, "/database");
	r = make_host_folders(root, DATABASE_FOLDER, err);
	if (r < 0)
		return r;
	r = database_write(root, writer->request->closure, writer->request->time_s, err);
	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		file_below(from, root, "%s", names[i]);
		r = ext4_files_copy(writer->files, names[i], from, &access, err);
	}
	return r;
}

/* -------------------------------------------------------- folders and profile */

static int add_folders(struct image_writer *writer, struct error *err)
{
	for (const struct nixos_folder *folder = nixos_folders; folder->path; folder++) {
		int r = image_writer_folder(
			writer, folder->path, folder->mode, 0, folder->gid, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Where the plan's other file systems are mounted. */
static int add_mount_points(struct image_writer *writer, struct error *err)
{
	const struct plan *plan = writer->request->plan;

	for (size_t i = 0; i < plan->partition_count; i++) {
		const char *path = plan->partitions[i].mount_path;
		int r = 0;

		if (path[0] && path[1])
			r = image_writer_folder(writer, path, 0755, 0, 0, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The profile's first generation, and the root of garbage collection for all profiles, which Nix
 * makes when it first opens the store. */
static int add_profile(struct image_writer *writer, struct error *err)
{
	int r = link_to(writer, PROFILES "/system-1-link", writer->request->plan->system, err);

	if (r < 0)
		return r;
	r = link_to(writer, PROFILES "/system", "system-1-link", err);
	if (r < 0)
		return r;
	return link_to(writer, "/nix/var/nix/gcroots/profiles", PROFILES, err);
}

static int add_nixos_files(struct image_writer *writer, struct error *err)
{
	int r = image_writer_text(writer, "/etc/NIXOS", "", 0644, err);

	if (r < 0)
		return r;
	return link_to(writer, "/etc/mtab", "/proc/mounts", err);
}

static int add_everything(struct ext4_files *files, void *userdata, struct error *err)
{
	struct image_writer *writer = userdata;
	int r;

	writer->files = files;
	r = add_folders(writer, err);

	if (r < 0)
		return r;
	r = add_mount_points(writer, err);
	if (r < 0)
		return r;
	r = add_database(writer, err);
	if (r < 0)
		return r;
	r = add_profile(writer, err);
	if (r < 0)
		return r;
	r = add_nixos_files(writer, err);
	if (r < 0)
		return r;
	r = image_owner_add(writer, err);
	if (r < 0)
		return r;
	return image_owner_add_log(writer, "as an image, without a machine",
		"activation and host keys that were not given: left to the first boot\n", err);
}

int image_root_fill(const struct image_request *request, struct image_view *view, struct error *err)
{
	const struct plan *plan = request->plan;
	struct image_writer writer = { .request = request, .view = view };

	return ext4_files_change(plan_open_path(plan, plan->root),
		plan->partitions[plan->root].offset_bytes, add_everything, &writer, err);
}
