/* SPDX-License-Identifier: MIT */
#include "image/image_guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "guest/boot_files.h"
#include "guest/etc_view.h"
#include "guest/nixos.h"
#include "plan/unmounted_check.h"
#include "verify/installed_disk.h"

#define GRUB_FOLDER "/boot/grub"
#define NIXOS_SHELL "/run/current-system/sw/bin/bash" /* of users.users.*.shell */

/* The system, and where the EFI system partition is mounted. */
static int read_system(struct plan *plan, struct image_view *view, struct error *err)
{
	char file[FILE_PATH_BYTES];
	int r = image_view_show(view, "/nix/var/nix/profiles/system", err);

	if (r < 0)
		return r;
	r = installed_disk_find_system(plan, view->root, err);
	if (r < 0)
		return r;
	file_below(file, plan->system, "/system");
	r = image_view_show_optional(view, file, err);
	if (r < 0)
		return r;
	r = boot_files_architecture(view->root, plan->system, &plan->architecture, err);
	if (r < 0 || plan->layout != LAYOUT_GPT)
		return r;
	file_below(file, plan->system, "/etc/fstab");
	r = image_view_show_optional(view, file, err);
	if (r < 0)
		return r;
	return installed_disk_find_esp_path(plan, view->root, err);
}

static int show_system_files(struct image_view *view, const char *system, struct error *err)
{
	static const char *const names[] = { "activate", "etc-metadata-image",
		"etc/systemd/system/sysinit.target.wants/systemd-sysusers.service",
		"etc/systemd/system/sysinit.target.wants/userborn.service", "etc/ssh/sshd_config" };
	char path[FILE_PATH_BYTES];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		file_below(path, system, "/%s", names[i]);
		r = image_view_show_optional(view, path, err);
	}
	return r;
}

static void set_account(const char *user, struct boot_account *ret)
{
	*ret = (struct boot_account){ .numbered = true };
	snprintf(ret->name, sizeof(ret->name), "%s", user);
	snprintf(ret->group, sizeof(ret->group), "%s", user);
	snprintf(ret->shell, sizeof(ret->shell), "%s", NIXOS_SHELL);
	snprintf(ret->home, sizeof(ret->home), "%s%s", strcmp(user, "root") ? "/home/" : "/", user);
}

/* Of a user whom the guest has still to make, the home's owner counts. */
static int find_account_by_home(
	struct image_view *view, struct boot_account *ret, struct error *err)
{
	struct ext4_entry entry;
	struct error none;

	if (strcmp(ret->name, "root") == 0)
		return 0;
	if (ext4_reader_look(&view->reader, ret->home, &entry, &none) < 0 || !S_ISDIR(entry.mode))
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"keys-user = %s: the image has no such account and no folder %s: make the image with keys for that user.",
			ret->name, ret->home);
	ret->uid = entry.uid;
	ret->gid = entry.gid;
	return 0;
}

static int find_image_owner(
	struct image_view *view, const char *user, struct boot_account *ret, struct error *err)
{
	struct nixos_user found;
	struct error none;
	int r = image_view_show_optional(view, "/etc/passwd", err);

	if (r < 0)
		return r;
	set_account(user, ret);
	if (nixos_find_user(view->root, user, &found, &none) < 0)
		return find_account_by_home(view, ret, err);
	ret->uid = found.uid;
	ret->gid = found.gid;
	memcpy(ret->home, found.home, sizeof(ret->home));
	if (found.shell[0])
		memcpy(ret->shell, found.shell, sizeof(ret->shell));
	return 0;
}

/* Keys that are there were accepted for this account when the image was made. */
static bool has_keys(struct image_view *view, const struct boot_account *account)
{
	char path[FILE_PATH_BYTES];
	struct ext4_entry entry;
	struct error none;

	file_below(path, account->home, "/.ssh/authorized_keys");
	return ext4_reader_look(&view->reader, path, &entry, &none) == 0 && S_ISREG(entry.mode);
}

/* What a manifest says of a guest that is about to be made, the image says here. */
static int read_image_manifest(const struct plan *plan, struct image_view *view,
	struct manifest *manifest, bool *ret_assumed, struct error *err)
{
	struct boot_account owner;
	struct ext4_entry entry;
	struct error none;
	int r = show_system_files(view, plan->system, err);

	if (r < 0)
		return r;
	manifest_assume(plan->system, plan->layout, manifest);
	if (plan->layout == LAYOUT_GPT &&
		ext4_reader_follow(&view->reader, GRUB_FOLDER, &entry, &none) < 0)
		snprintf(manifest->boot_loader, sizeof(manifest->boot_loader), "systemd-boot");
	etc_view_find(view->root, plan->system, manifest);
	r = unmounted_check_guest(manifest, err);
	if (r < 0)
		return r;
	manifest->accounts.used = false;
	unmounted_check_accounts(manifest, ret_assumed);
	r = find_image_owner(view, plan->keys_user, &owner, err);
	if (r < 0)
		return r;
	owner.locked = !has_keys(view, &owner);
	*ret_assumed = owner.locked;
	for (size_t i = 0; i < manifest->accounts.count; i++)
		if (strcmp(manifest->accounts.list[i].name, owner.name) == 0) {
			manifest->accounts.list[i] = owner;
			return 0;
		}
	manifest->accounts.list[manifest->accounts.count++] = owner;
	return 0;
}

int image_guest_read(struct plan *plan, struct image_view *view, struct manifest *ret,
	bool *ret_assumed, struct error *err)
{
	int r = read_system(plan, view, err);

	if (r < 0)
		return r;
	return read_image_manifest(plan, view, ret, ret_assumed, err);
}
