/* SPDX-License-Identifier: MIT */
#include "image/image_verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/given_host_keys.h"
#include "image/image_boot_view.h"
#include "image/image_esp.h"
#include "image/image_login.h"
#include "image/image_view.h"

#define FILE_MAX_BYTES ((size_t)64 * 1024 * 1024)

int image_verify_given_host_keys(const struct given_host_keys *given, struct error *err)
{
	for (size_t i = 0; i < given->count; i++)
		if (!text_starts_with(given->pairs[i].public_text, "ssh-ed25519 "))
			return error_set_code(err, EXIT_NO_KEY, -ENOTSUP,
				"The host key %s is not of type ed25519, and of other types only the guest's ssh-keygen can say whether their two halves belong together: give an ed25519 key, or install the guest in a machine.",
				given->pairs[i].name);
	return 0;
}

/* -------------------------------------------------------- the store */

static int verify_store_paths(
	const struct image_request *request, struct image_view *view, struct error *err)
{
	struct ext4_entry entry;

	for (size_t i = 0; i < request->closure->count; i++) {
		int r = ext4_reader_look(
			&view->reader, request->closure->paths[i].info.store_path, &entry, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_in_image(const char *store_path, void *userdata)
{
	struct image_view *view = userdata;
	struct ext4_entry entry;
	struct error none;

	return ext4_reader_look(&view->reader, store_path, &entry, &none) == 0;
}

static int verify_store(const struct image_request *request, struct image_view *view,
	struct database_size *ret, struct error *err)
{
	int r = image_view_show_folder(view, "/nix/var/nix/db", err);

	if (r < 0)
		return r;
	if (!request->closure)
		return database_verify_present(
			view->root, request->plan->system, is_in_image, view, ret, err);
	r = verify_store_paths(request, view, err);
	if (r < 0)
		return r;
	ret->paths = request->closure->count;
	ret->nar_bytes = request->closure->nar_bytes;
	return database_verify(view->root, request->closure, err);
}

/* -------------------------------------------------------- the boot */

/* Copies the file systems that are mounted below the root to where they will be. */
static int show_boot_file_systems(
	const struct image_request *request, const char *root, struct error *err)
{
	const struct plan *plan = request->plan;
	struct image_view boot;
	char folder[FILE_PATH_BYTES];
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->partition_count; i++) {
		const struct plan_partition *part = &plan->partitions[i];

		file_below(folder, root, "%s", part->mount_path);
		if (part->role == ROLE_ESP && part->mount_path[0])
			r = image_esp_read(request, i, folder, err);
		if (part->role != ROLE_BOOT)
			continue;
		r = image_view_open(plan, i, folder, &boot, err);
		if (r < 0)
			return r;
		r = image_view_show_folder(&boot, "/grub", err);
		if (r == 0)
			r = image_view_show_folder(&boot, "/kernels", err);
		image_view_close(&boot);
	}
	return r;
}

/* The guest's first boot mounts the other file systems there. */
static int verify_mount_points(
	const struct image_request *request, struct image_view *view, struct error *err)
{
	const struct plan *plan = request->plan;

	for (size_t i = 0; i < plan->partition_count; i++) {
		const char *path = plan->partitions[i].mount_path;
		struct ext4_entry entry;
		int r;

		if (!path[0])
			continue;
		r = ext4_reader_look(&view->reader, path, &entry, err);
		if (r < 0)
			return r;
		if (!S_ISDIR(entry.mode))
			return error_set(err, -ENOTDIR, "%s of the image is no folder.", path);
	}
	return 0;
}

static int verify_image_boot(const struct image_request *request, struct image_view *view,
	struct verified *ret, struct error *err)
{
	static const uint8_t no_boot_code[512];
	const struct verify_request boot = {
		.plan = request->plan,
		.manifest = request->manifest,
		.closure = request->closure,
		.root = view->root,
		.disk_fd = -1,
		.first_sector = no_boot_code,
	};
	int r = verify_mount_points(request, view, err);

	if (r < 0)
		return r;
	r = image_view_show(view, "/nix/var/nix/profiles/system", err);
	if (r < 0)
		return r;
	r = image_boot_view_show(view, request->plan->system, &ret->boot, err);
	if (r < 0)
		return r;
	r = show_boot_file_systems(request, view->root, err);
	if (r < 0)
		return r;
	r = verify_mounts(&boot, err);
	if (r < 0)
		return r;
	return verify_boot(&boot, ret, err);
}

/* -------------------------------------------------------- files */

static int check_file_access(const char *path, const struct ext4_entry *entry,
	const struct extra_file *file, struct error *err)
{
	if (entry->mode == (S_IFREG | file->mode) && entry->uid == file->uid &&
		entry->gid == file->gid)
		return 0;
	return error_set(err, -EBADMSG,
		"%s of the image has mode %o and owner %u:%u instead of %o and %u:%u.", path,
		entry->mode, entry->uid, entry->gid, S_IFREG | file->mode, file->uid, file->gid);
}

/* Activation makes a link of each file that the system has in its own etc, and with it replaces
 * what was given. */
static int check_stays(const struct image_request *request, struct image_view *view,
	const char *path, struct error *err)
{
	char own[FILE_PATH_BYTES];
	struct ext4_entry entry;
	struct error none;

	if (!text_starts_with(path, "/etc/"))
		return 0;
	file_below(own, request->plan->system, "%s", path);
	if (ext4_reader_follow(&view->reader, own, &entry, &none) < 0)
		return 0;
	return error_set(err, -EEXIST,
		"The guest's configuration has its own %s, and its first activation would replace the file that is given for the image: leave one of them out.",
		path);
}

static int verify_content(struct image_view *view, const char *path, const char *data,
	size_t size_bytes, struct ext4_entry *ret, struct error *err)
{
	AUTO_FREE char *found = NULL;
	int r = ext4_reader_look(&view->reader, path, ret, err);

	if (r < 0)
		return r;
	r = ext4_reader_read(&view->reader, ret, FILE_MAX_BYTES, &found, NULL, err);
	if (r < 0)
		return r;
	if (ret->size_bytes == size_bytes && memcmp(found, data, size_bytes) == 0)
		return 0;
	return error_set(
		err, -EBADMSG, "%s of the image has another content than was given.", path);
}

static int verify_extra_files(
	const struct image_request *request, struct image_view *view, struct error *err)
{
	const struct extra_files *extra = request->extra_files;

	for (size_t i = 0; i < extra->settings->count; i++) {
		const struct extra_file *file = &extra->settings->files[i];
		struct ext4_entry entry;
		int r = verify_content(
			view, file->target, extra->contents[i], extra->sizes_bytes[i], &entry, err);

		if (r < 0)
			return r;
		r = check_file_access(file->target, &entry, file, err);
		if (r < 0)
			return r;
		r = check_stays(request, view, file->target, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int verify_host_key(const struct image_request *request, struct image_view *view,
	const struct host_key_pair *pair, struct error *err)
{
	static const struct extra_file private_file = { .mode = 0600 };
	char place[GIVEN_HOST_KEY_PLACE_BYTES];
	struct ext4_entry entry;
	bool used;
	int r;

	given_host_keys_find_place(view->root, request->plan->system, pair->name, place, &used);
	r = verify_content(
		view, place, pair->private_text, strlen(pair->private_text), &entry, err);
	if (r < 0)
		return r;
	r = check_file_access(place, &entry, &private_file, err);
	if (r < 0)
		return r;
	return check_stays(request, view, place, err);
}

static int verify_host_keys(const struct image_request *request, struct image_view *view,
	struct host_keys *ret, struct error *err)
{
	const struct given_host_keys *given = request->given_host_keys;

	for (size_t i = 0; i < given->count; i++) {
		int r = verify_host_key(request, view, &given->pairs[i], err);

		if (r < 0)
			return r;
	}
	ret->count = 0;
	host_keys_describe_given(view->root, request->plan->system, given, ret);
	return 0;
}

/* -------------------------------------------------------- everything */

static int verify_with(const struct image_request *request, struct image_view *view,
	struct verified *ret, struct error *err)
{
	int r = verify_store(request, view, &ret->size, err);

	if (r < 0)
		return r;
	r = verify_image_boot(request, view, ret, err);
	if (r < 0)
		return r;
	r = verify_extra_files(request, view, err);
	if (r < 0)
		return r;
	ret->ssh_port = 0;
	if (request->ssh_keys_text)
		r = image_login_verify(request, view, &ret->ssh_port, err);
	if (r < 0)
		return r;
	return verify_host_keys(request, view, &ret->host_keys, err);
}

int image_verify(const struct image_request *request, struct verified *ret, struct error *err)
{
	struct image_view view;
	char folder[FILE_PATH_BYTES];
	int r;

	file_below(folder, request->folder, "/verify");
	r = image_view_open(request->plan, request->plan->root, folder, &view, err);
	if (r == 0) {
		r = verify_with(request, &view, ret, err);
		image_view_close(&view);
	}
	if (r < 0)
		err->code = EXIT_VERIFY;
	return r;
}
