/* SPDX-License-Identifier: MIT */
#include "image/image_owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "ext4/ext4_remove.h"
#include "guest/given_host_keys.h"
#include "image/image_old_keys.h"

#define MACHINE_ID "/etc/machine-id"
#define LOG_FILE   "/var/log/guest-installer.log"

/* -------------------------------------------------------- adding */

/* The home of an account, unless it is one of the folders that every guest has. */
static int add_home(
	struct image_writer *writer, const struct boot_account *account, struct error *err)
{
	if (strcmp(account->home, "/root") == 0)
		return 0;
	return image_writer_folder(writer, account->home, 0700, account->uid, account->gid, err);
}

static int add_ssh_keys(struct image_writer *writer, struct error *err)
{
	const struct image_request *request = writer->request;
	const struct boot_account *account = boot_accounts_find(
		&request->manifest->accounts, request->plan->keys_user);
	struct ext4_access access;
	char path[FILE_PATH_BYTES];
	int r;

	if (!request->ssh_keys_text)
		return 0;
	access = image_writer_access(writer, 0600, account->uid, account->gid);
	r = add_home(writer, account, err);
	if (r < 0)
		return r;
	file_below(path, account->home, "/.ssh");
	r = image_writer_folder(writer, path, 0700, account->uid, account->gid, err);
	if (r < 0)
		return r;
	file_below(path, account->home, "/.ssh/authorized_keys");
	return ext4_files_write(writer->files, path, request->ssh_keys_text,
		strlen(request->ssh_keys_text), &access, err);
}

static int add_given_host_key(
	struct image_writer *writer, const struct host_key_pair *pair, struct error *err)
{
	char place[GIVEN_HOST_KEY_PLACE_BYTES], public_place[GIVEN_HOST_KEY_PLACE_BYTES + 4];
	bool used;
	int r;

	given_host_keys_find_place(
		writer->view->root, writer->request->plan->system, pair->name, place, &used);
	r = image_writer_text(writer, place, pair->private_text, 0600, err);
	if (r < 0)
		return r;
	snprintf(public_place, sizeof(public_place), "%s.pub", place);
	return image_writer_text(writer, public_place, pair->public_text, 0644, err);
}

static int add_host_keys(struct image_writer *writer, struct error *err)
{
	const struct given_host_keys *given = writer->request->given_host_keys;
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, writer->request->plan->system, "/etc/ssh/sshd_config");
	r = image_view_show_optional(writer->view, path, err);
	for (size_t i = 0; r == 0 && i < given->count; i++)
		r = add_given_host_key(writer, &given->pairs[i], err);
	return r;
}

/* A home that activation finds is not made again, so it has to be as activation would make it. */
static int add_home_of_file(struct image_writer *writer, const char *target, struct error *err)
{
	const struct boot_accounts *accounts = &writer->request->manifest->accounts;

	for (size_t i = 0; i < accounts->count; i++) {
		const struct boot_account *account = &accounts->list[i];
		size_t length = strlen(account->home);

		if (account->numbered && text_starts_with(target, "/home/") &&
			strncmp(target, account->home, length) == 0 && target[length] == '/')
			return add_home(writer, account, err);
	}
	return 0;
}

static int add_extra_files(struct image_writer *writer, struct error *err)
{
	const struct extra_files *extra = writer->request->extra_files;

	for (size_t i = 0; i < extra->settings->count; i++) {
		const struct extra_file *file = &extra->settings->files[i];
		const struct ext4_access access = image_writer_access(
			writer, file->mode, file->uid, file->gid);
		int r = add_home_of_file(writer, file->target, err);

		if (r < 0)
			return r;
		r = ext4_files_write(writer->files, file->target, extra->contents[i],
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

int image_owner_add(struct image_writer *writer, struct error *err)
{
	int r = image_writer_text(writer, MACHINE_ID, "uninitialized\n", 0444, err);

	if (r < 0)
		return r;
	r = add_ssh_keys(writer, err);
	if (r < 0)
		return r;
	r = add_host_keys(writer, err);
	if (r < 0)
		return r;
	return add_extra_files(writer, err);
}

int image_owner_add_log(
	struct image_writer *writer, const char *how, const char *more, struct error *err)
{
	const struct plan *plan = writer->request->plan;
	AUTO_FREE char *text = NULL;

	if (asprintf(&text,
		    "guest-installer " VERSION " made this disk %s.\n"
		    "system: %s\n"
		    "layout: %s\n"
		    "root UUID: %s\n"
		    "keys for: %s\n"
		    "%s",
		    how, plan->system, layout_name(plan->layout),
		    plan->partitions[plan->root].fs_uuid, plan->keys_user, more) < 0)
		return error_errno_host(err, -ENOMEM, "write the log");
	return image_writer_text(writer, LOG_FILE, text, 0600, err);
}

/* -------------------------------------------------------- removing */

/* What a booted guest has made for itself alone, and the log of the one that was copied. */
static const char *const own_files[] = {
	MACHINE_ID,
	LOG_FILE,
	"/var/lib/dbus/machine-id",
	"/var/lib/systemd/random-seed",
	"/var/lib/systemd/credential.secret",
	"/var/lib/NetworkManager/secret_key",
	"/var/lib/dhcpcd/duid",
	"/var/lib/dhcpcd/secret",
};

static int remove_own_files(struct image_writer *writer, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(own_files) / sizeof(own_files[0]); i++)
		r = ext4_remove(writer->files, own_files[i], err);
	return r;
}

static int remove_host_key(struct image_writer *writer, const char *place, struct error *err)
{
	char public_place[GIVEN_HOST_KEY_PLACE_BYTES + 4];
	int r = ext4_remove(writer->files, place, err);

	if (r < 0)
		return r;
	snprintf(public_place, sizeof(public_place), "%s.pub", place);
	return ext4_remove(writer->files, public_place, err);
}

/* Where NixOS and the guest's sshd_config have them. */
static int remove_host_keys(struct image_writer *writer, struct error *err)
{
	static const char *const names[] = { "ssh_host_ed25519_key", "ssh_host_rsa_key",
		"ssh_host_ecdsa_key", "ssh_host_dsa_key" };
	char place[GIVEN_HOST_KEY_PLACE_BYTES];
	bool used;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(place, sizeof(place), "/etc/ssh/%s", names[i]);
		r = remove_host_key(writer, place, err);
		if (r < 0)
			return r;
		given_host_keys_find_place(
			writer->view->root, writer->request->plan->system, names[i], place, &used);
		r = remove_host_key(writer, place, err);
	}
	return r;
}

static int remove_given_files(struct image_writer *writer, struct error *err)
{
	const struct extra_file_settings *settings = writer->request->extra_files->settings;
	int r = 0;

	for (size_t i = 0; r == 0 && i < settings->count; i++)
		r = ext4_remove(writer->files, settings->files[i].target, err);
	return r;
}

int image_owner_remove(struct image_writer *writer, struct error *err)
{
	int r = remove_own_files(writer, err);

	if (r < 0)
		return r;
	r = remove_host_keys(writer, err);
	if (r < 0)
		return r;
	r = image_old_keys_remove(writer->view, writer->request->plan->system, writer->files, err);
	if (r < 0)
		return r;
	return remove_given_files(writer, err);
}
