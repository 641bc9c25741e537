/* SPDX-License-Identifier: MIT */
#include "image/image_root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ext4/ext4_files.h"
#include "guest/given_host_keys.h"
#include "guest/nixos.h"
#include "store/database.h"

#define DATABASE_FOLDER "/nix/var/nix/db"
#define PROFILES	"/nix/var/nix/profiles"
#define LOG_FILE	"/var/log/guest-installer.log"

/* What the steps below work on. */
struct filling {
	const struct image_request *request;
	struct ext4_files files;
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

	return ext4_files_write(&filling->files, path, text, strlen(text), &access, err);
}

static int link_to(struct filling *filling, const char *path, const char *target, struct error *err)
{
	return ext4_files_link(&filling->files, path, target, filling->request->time_s, err);
}

static int make_image_folder(struct filling *filling, const char *path, mode_t mode, uid_t uid,
	gid_t gid, struct error *err)
{
	const struct ext4_access access = access_of(filling, mode, uid, gid);

	return ext4_files_make_folder(&filling->files, path, &access, err);
}

/* -------------------------------------------------------- Nix's database */

static int make_host_folders(const char *root, const char *path, struct error *err)
{
	char part[FILE_PATH_BYTES];

	for (const char *end = path; *end; end = strchrnul(end + 1, '/')) {
		file_below(part, root, "%.*s", (int)(end - path), path);
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return error_errno_host(err, -errno, "create folder %s", part);
	}
	file_below(part, root, "%s", path);
	if (mkdir(part, 0700) < 0 && errno != EEXIST)
		return error_errno_host(err, -errno, "create folder %s", part);
	return 0;
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
		r = ext4_files_copy(&filling->files, names[i], from, &access, err);
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

/* The profile's first generation, and the root of garbage collection for all profiles, which Nix makes
 * when it first opens the store. */
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
	r = link_to(filling, "/etc/mtab", "/proc/mounts", err);
	if (r < 0)
		return r;
	return write_image_text(filling, "/etc/machine-id", "uninitialized\n", 0444, err);
}

/* -------------------------------------------------------- keys and further files */

/* The home of an account, unless it is one of the folders that every guest has. */
static int add_home(struct filling *filling, const struct boot_account *account, struct error *err)
{
	if (strcmp(account->home, "/root") == 0)
		return 0;
	return make_image_folder(filling, account->home, 0700, account->uid, account->gid, err);
}

static int add_ssh_keys(struct filling *filling, struct error *err)
{
	const struct image_request *request = filling->request;
	const struct boot_account *account = boot_accounts_find(
		&request->manifest->accounts, request->plan->keys_user);
	struct ext4_access access;
	char path[FILE_PATH_BYTES];
	int r;

	if (!request->ssh_keys_text)
		return 0;
	access = access_of(filling, 0600, account->uid, account->gid);
	r = add_home(filling, account, err);
	if (r < 0)
		return r;
	file_below(path, account->home, "/.ssh");
	r = make_image_folder(filling, path, 0700, account->uid, account->gid, err);
	if (r < 0)
		return r;
	file_below(path, account->home, "/.ssh/authorized_keys");
	return ext4_files_write(&filling->files, path, request->ssh_keys_text,
		strlen(request->ssh_keys_text), &access, err);
}

static int add_given_host_key(struct filling *filling, struct image_view *view,
	const struct host_key_pair *pair, struct error *err)
{
	char place[GIVEN_HOST_KEY_PLACE_BYTES], public_place[GIVEN_HOST_KEY_PLACE_BYTES + 4];
	bool used;
	int r;

	given_host_keys_find_place(
		view->root, filling->request->plan->system, pair->name, place, &used);
	r = write_image_text(filling, place, pair->private_text, 0600, err);
	if (r < 0)
		return r;
	snprintf(public_place, sizeof(public_place), "%s.pub", place);
	return write_image_text(filling, public_place, pair->public_text, 0644, err);
}

static int add_host_keys(struct filling *filling, struct image_view *view, struct error *err)
{
	const struct given_host_keys *given = filling->request->given_host_keys;
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, filling->request->plan->system, "/etc/ssh/sshd_config");
	r = image_view_show_optional(view, path, err);
	for (size_t i = 0; r == 0 && i < given->count; i++)
		r = add_given_host_key(filling, view, &given->pairs[i], err);
	return r;
}

/* A home that activation finds is not made again, so it has to be as activation would make it. */
static int add_home_of_file(struct filling *filling, const char *target, struct error *err)
{
	const struct boot_accounts *accounts = &filling->request->manifest->accounts;

	for (size_t i = 0; i < accounts->count; i++) {
		const struct boot_account *account = &accounts->list[i];
		size_t length = strlen(account->home);

		if (account->numbered && strncmp(target, "/home/", 6) == 0 &&
			strncmp(target, account->home, length) == 0 && target[length] == '/')
			return add_home(filling, account, err);
	}
	return 0;
}

static int add_extra_files(struct filling *filling, struct error *err)
{
	const struct extra_files *extra = filling->request->extra_files;

	for (size_t i = 0; i < extra->settings->count; i++) {
		const struct extra_file *file = &extra->settings->files[i];
		const struct ext4_access access = access_of(
			filling, file->mode, file->uid, file->gid);
		int r = add_home_of_file(filling, file->target, err);

		if (r < 0)
			return r;
		r = ext4_files_write(&filling->files, file->target, extra->contents[i],
			extra->sizes_bytes[i], &access, err);
		if (r == -EEXIST)
			return error_set_code(err, EXIT_CONFIGURATION, r,
				"files = %s: the image has a file of that name already: choose another path.",
				file->target);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What the console shows has times and paths of the host, which differ between two runs. */
static int add_log(struct filling *filling, struct error *err)
{
	const struct plan *plan = filling->request->plan;
	AUTO_FREE char *text = NULL;

	if (asprintf(&text,
		    "guest-installer " VERSION " made this disk as an image, without a machine.\n"
		    "system: %s\n"
		    "layout: %s\n"
		    "root UUID: %s\n"
		    "keys for: %s\n"
		    "activation and host keys that were not given: left to the first boot\n",
		    plan->system, layout_name(plan->layout), plan->partitions[plan->root].fs_uuid,
		    plan->keys_user) < 0)
		return error_errno_host(err, -ENOMEM, "write the log");
	return write_image_text(filling, LOG_FILE, text, 0600, err);
}

static int add_everything(struct filling *filling, struct image_view *view, struct error *err)
{
	int r = add_folders(filling, err);

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
	r = add_ssh_keys(filling, err);
	if (r < 0)
		return r;
	r = add_host_keys(filling, view, err);
	if (r < 0)
		return r;
	r = add_extra_files(filling, err);
	if (r < 0)
		return r;
	return add_log(filling, err);
}

int image_root_fill(const struct image_request *request, struct image_view *view, struct error *err)
{
	const struct plan *plan = request->plan;
	struct filling filling = { .request = request };
	struct error second;
	int r = ext4_files_open(&filling.files, plan_open_path(plan, plan->root),
		plan->partitions[plan->root].offset_bytes, err);

	if (r < 0)
		return r;
	r = add_everything(&filling, view, err);
	if (ext4_files_close(&filling.files, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}
