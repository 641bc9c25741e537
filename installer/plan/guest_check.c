/* SPDX-License-Identifier: MIT */
#include "plan/guest_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "plan/classify.h"

#define KEY_FILE   "/.ssh/authorized_keys"
#define HOME_BYTES 256

static int refuse_guest(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

static int refuse_guest(struct error *err, const char *fmt, ...)
{
	va_list args;

	err->code = EXIT_CONFIGURATION;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

static const struct plan_partition *find_guest_mount(const struct plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->partition_count; i++)
		if (strcmp(plan->partitions[i].mount_path, path) == 0)
			return &plan->partitions[i];
	return NULL;
}

/* Only the plan of a GPT has names and UUIDs of partitions: those that the manifest fixes. */
static int check_guest_partition(const struct plan *plan, const struct plan_partition *p,
	const struct manifest_mount *mount, struct error *err)
{
	bool named = !mount->partlabel[0] || strcmp(mount->partlabel, p->name) == 0;
	bool numbered = !mount->partuuid[0] || strcasecmp(mount->partuuid, p->uuid) == 0;

	if (mount->partuuid[strcspn(mount->partuuid, "ABCDEF")])
		return refuse_guest(err,
			"The guest finds %s by the partition's UUID %s, but udev names partitions in lower case: "
			"write it so in the guest's configuration.",
			mount->path[0] ? mount->path : "its swap", mount->partuuid);
	if (named && numbered)
		return 0;
	return refuse_guest(err,
		"The guest finds %s by the partition's %s %s, which the layout %s does not have: "
		"let the guest name it by label.",
		mount->path[0] ? mount->path : "its swap", mount->partlabel[0] ? "name" : "UUID",
		mount->partlabel[0] ? mount->partlabel : mount->partuuid,
		layout_name(plan->layout));
}

static int check_guest_mount(
	const struct plan *plan, const struct manifest_mount *mount, struct error *err)
{
	const struct plan_partition *p = find_guest_mount(plan, mount->path);
	const char *key = strcmp(mount->path, "/") == 0 ? "root" : "esp";

	if (!p && strcmp(mount->fstype, "vfat") == 0)
		return refuse_guest(err,
			"The guest mounts %s from a FAT file system, but the layout %s has none "
			"for "
			"it: build the guest for this layout, or choose another one.",
			mount->path, layout_name(plan->layout));
	if (!p)
		return refuse_guest(err,
			"The guest mounts %s, but the layout %s has no partition for it: take this "
			"mount out of the guest.",
			mount->path, layout_name(plan->layout));
	if (strcmp(mount->fstype, plan_file_system_name(p->fs)) != 0)
		return refuse_guest(err,
			"The guest mounts %s as %s, but the plan makes %s there: change the "
			"guest's "
			"file system.",
			mount->path, mount->fstype, plan_file_system_name(p->fs));
	if (mount->label[0] && strcmp(mount->label, p->fs_label) != 0)
		return refuse_guest(err,
			"The guest mounts %s by label \"%s\", but the plan labels it \"%s\": set "
			"%s-label = %s.",
			mount->path, mount->label, p->fs_label, key, mount->label);
	if (mount->uuid[0] && strcasecmp(mount->uuid, p->fs_uuid) != 0)
		return refuse_guest(err,
			"The guest mounts %s by UUID %s, but the plan gives it %s: set %s-uuid = "
			"%s, "
			"or let the guest mount it by label.",
			mount->path, mount->uuid, p->fs_uuid, key, mount->uuid);
	if (mount->uuid[0] && strcmp(mount->uuid, p->fs_uuid) != 0)
		return refuse_guest(err,
			"The guest mounts %s by UUID %s, but udev names this file system %s, and "
			"case counts there: write it so in the guest's configuration.",
			mount->path, mount->uuid, p->fs_uuid);
	return check_guest_partition(plan, p, mount, err);
}

int guest_check_mounts(const struct plan *plan, const struct manifest *manifest, struct error *err)
{
	bool has_root = false;

	for (size_t i = 0; i < manifest->mount_count; i++) {
		int r = check_guest_mount(plan, &manifest->mounts[i], err);

		if (r < 0)
			return r;
		has_root |= strcmp(manifest->mounts[i].path, "/") == 0;
	}
	if (!has_root)
		return refuse_guest(err, "The manifest has no mount \"/\": write it again from the "
					 "guest's configuration.");
	return 0;
}

int guest_check_swap(const struct plan *plan, const struct manifest *manifest, struct error *err)
{
	const struct manifest_mount *swap = &manifest->swap;

	if (!swap->fstype[0])
		return 0;
	if (swap->uuid[strcspn(swap->uuid, "ABCDEF")])
		return refuse_guest(err,
			"The guest finds its swap by the UUID %s, but udev names swap in lower case: write "
			"it so in the guest's configuration.",
			swap->uuid);
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].role == ROLE_SWAP)
			return check_guest_partition(plan, &plan->partitions[i], swap, err);
	return refuse_guest(err,
		"The guest uses a swap partition (%s), but the configuration says swap = none: set "
		"swap to its size, such as swap = 1G, or take it out of the guest.",
		swap->label[0]	     ? swap->label
		: swap->uuid[0]	     ? swap->uuid
		: swap->partlabel[0] ? swap->partlabel
				     : swap->partuuid);
}

/* Whether the guest writes a program for UEFI to a place that the plan has. */
static int check_guest_esp(
	const struct plan *plan, const struct manifest *manifest, struct error *err)
{
	bool wants = manifest->boot_efi || manifest->firmware & FIRMWARE_UEFI;
	const char *program = plan->architecture->efi_program + 1;

	if (plan->layout != LAYOUT_GPT && wants)
		return refuse_guest(err,
			"The guest boots by UEFI, but the layout %s has no EFI system partition: "
			"build the guest for the layout gpt.",
			layout_name(plan->layout));
	if (plan->layout != LAYOUT_GPT)
		return 0;
	if (manifest->firmware & FIRMWARE_UEFI && !manifest->boot_efi)
		return refuse_guest(err,
			"The manifest says that the guest boots by UEFI, but its boot loader "
			"writes "
			"no %s: let it do so (efiInstallAsRemovable for GRUB).",
			program);
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].role == ROLE_ESP && !plan->partitions[i].mount_path[0] &&
			wants)
			return refuse_guest(err,
				"The guest's boot loader writes %s, but the guest "
				"mounts no EFI system partition: mount one, at /boot for example.",
				program);
	return 0;
}

static bool is_disk_path(const char *path)
{
	return text_starts_with(path, "/dev/") && classify_is_disk_name(path + strlen("/dev/"));
}

/* Whether GRUB's first sector goes to the planned disk, which is none of an image file
 * (planner). */
static int check_guest_boot_device(
	const struct plan *plan, const struct manifest *manifest, struct error *err)
{
	const char *device = manifest->boot_device;
	bool by_bios = manifest->firmware & FIRMWARE_BIOS;

	if (strcmp(device, "nodev") == 0 && by_bios)
		return refuse_guest(err,
			"The guest is to boot by BIOS, but its GRUB has the device nodev: set the "
			"guest's boot.loader.grub.device to %s.",
			plan->disk_path);
	if (strcmp(device, "nodev") == 0 || !device[0])
		return 0;
	/* While the boot loader is installed, the disk has the guest's name for it (boot_device). */
	if (strcmp(device, plan->disk_path) == 0 || is_disk_path(device))
		return 0;
	return refuse_guest(err,
		"The guest's GRUB is written to %s, but the disk is %s: set the guest's "
		"boot.loader.grub.device to the name of a whole disk, such as /dev/vda.",
		device, plan->disk_path);
}

/* Layouts that no firmware boots: pygrub needs a menu to read, a host with the kernel nothing. */
static int check_guest_host_boot(
	const struct plan *plan, const struct manifest *manifest, struct error *err)
{
	bool none = strcmp(manifest->boot_loader, "none") == 0;

	if (!none && strcmp(manifest->boot_loader, "grub") != 0)
		return refuse_guest(err,
			"The guest's boot loader is %s, but the layout %s has no place for it: use "
			"GRUB with the device nodev, or none.",
			manifest->boot_loader, layout_name(plan->layout));
	if (strcmp(manifest->boot_device, "nodev") != 0)
		return refuse_guest(err,
			"The guest's GRUB is written to %s, but a disk with the layout %s has no "
			"boot sector: set the guest's boot.loader.grub.device to nodev.",
			manifest->boot_device, layout_name(plan->layout));
	if (plan->layout != LAYOUT_PYGRUB || none)
		return 0;
	for (size_t i = 0; i < manifest->mount_count; i++)
		if (strcmp(manifest->mounts[i].path, "/boot") == 0)
			return 0;
	return refuse_guest(err,
		"pygrub reads grub.cfg from the boot disk, but the guest does not mount "
		"it on /boot: add this mount to the guest.");
}

int guest_check_boot_loader(
	const struct plan *plan, const struct manifest *manifest, struct error *err)
{
	bool none = strcmp(manifest->boot_loader, "none") == 0;

	if (!none && !manifest->activation && !manifest->boot_installer[0])
		return refuse_guest(err,
			"The guest has no switch-to-configuration, and its manifest does not name the "
			"program that installs its boot loader (installer): make the manifest again from "
			"the guest's configuration, or set system.activatable = true.");
	if (layout_needs_host(plan->layout))
		return check_guest_host_boot(plan, manifest, err);
	if (none)
		return refuse_guest(err,
			"The guest has no boot loader, and a disk with the layout %s boots by one: "
			"enable one in the guest.",
			layout_name(plan->layout));
	if (strcmp(manifest->boot_loader, "grub") == 0)
		return check_guest_boot_device(plan, manifest, err);
	if (manifest->firmware & FIRMWARE_BIOS)
		return refuse_guest(err,
			"The manifest says that the guest boots by BIOS, but its boot loader %s "
			"cannot: use GRUB, or leave bios out of the manifest's firmware.",
			manifest->boot_loader);
	return 0;
}

static const char *firmware_name(unsigned firmware)
{
	return firmware == FIRMWARE_UEFI ? "UEFI" : "BIOS";
}

int guest_check_firmware(const struct plan *plan, const struct manifest *manifest,
	unsigned firmware, struct error *err)
{
	int r = check_guest_esp(plan, manifest, err);

	if (r < 0)
		return r;
	if (manifest->firmware & FIRMWARE_BIOS && plan->architecture->no_bios)
		return refuse_guest(err,
			"The manifest says that the guest boots by BIOS, but it is made for %s (%s): set "
			"boot.loader.grub.device to nodev in the guest, and make the manifest again.",
			plan->architecture->name, plan->architecture->no_bios);
	if (layout_needs_host(plan->layout))
		return r;
	if (firmware && !(manifest->firmware & firmware))
		return refuse_guest(err,
			"This machine was started by %s, but the guest boots by %s only: start it "
			"by "
			"%s, or build the guest for both.",
			firmware_name(firmware), firmware_name(manifest->firmware),
			firmware_name(manifest->firmware));
	if (plan->sector_bytes != 512 && (firmware == FIRMWARE_BIOS || plan->layout == LAYOUT_BIOS))
		return refuse_guest(err,
			"%s has sectors of %u bytes, from which a BIOS does not boot: give the "
			"machine a disk with 512-byte sectors, or start it by UEFI.",
			plan->disk_path, plan->sector_bytes);
	return 0;
}

/* Expands %h, %u and %% as sshd does, and puts the home folder before a relative path
 * (sshd_config(5), AuthorizedKeysFile). */
static void expand_key_file(const char *pattern, const char *home, const char *user, char ret[512])
{
	ret[0] = '\0';
	if (pattern[0] != '/' && !text_starts_with(pattern, "%h"))
		text_append(ret, 512, "%s/", home);
	for (; *pattern; pattern++) {
		if (*pattern != '%' || !pattern[1]) {
			text_append(ret, 512, "%c", *pattern);
			continue;
		}
		pattern++;
		if (*pattern == 'h' || *pattern == 'u')
			text_append(ret, 512, "%s", *pattern == 'h' ? home : user);
		else
			text_append(ret, 512, "%c", *pattern);
	}
}

/* An account's own home if the manifest has it. Else NixOS gives users their homes below /home;
 * root's is /root. */
static void find_home(const char *user, const struct manifest *manifest, char ret[HOME_BYTES])
{
	const struct boot_account *account = boot_accounts_find(&manifest->accounts, user);

	if (account)
		snprintf(ret, HOME_BYTES, "%s", account->home);
	else
		snprintf(ret, HOME_BYTES, "%s%s", strcmp(user, "root") == 0 ? "/" : "/home/", user);
}

/* Whether a list of patterns leaves the user out for sure: one that has only names, and not this
 * one. What patterns and addresses mean is left to the guest's own sshd, after the copy. */
static bool leaves_out(const struct manifest *manifest, const char *user)
{
	for (size_t i = 0; i < manifest->allow_user_count; i++)
		if (strpbrk(manifest->allow_users[i], "*?!@") ||
			strcmp(manifest->allow_users[i], user) == 0)
			return false;
	return manifest->allow_user_count > 0;
}

static int check_ssh_user(const char *user, const struct manifest *manifest, struct error *err)
{
	const char *permit = manifest->permit_root_login;

	if (strcmp(user, "root") == 0 &&
		(strcmp(permit, "no") == 0 || strcmp(permit, "forced-commands-only") == 0))
		return refuse_guest(err,
			"The guest's SSH server does not let root in (PermitRootLogin %s), and the "
			"keys are for root: set keys-user to a user of the guest, or the guest's "
			"services.openssh.settings.PermitRootLogin to \"prohibit-password\".",
			permit);
	if (leaves_out(manifest, user))
		return refuse_guest(err,
			"The guest's SSH server does not let %s in (AllowUsers), and the keys are for "
			"%s: set keys-user to a user whom it lets in, or add %s to the guest's "
			"services.openssh.settings.AllowUsers.",
			user, user, user);
	return 0;
}

int guest_check_files(
	const struct config *config, const struct manifest *manifest, struct error *err)
{
	if (!manifest->etc_overlay || manifest->etc_mutable)
		return 0;
	if (config->hostname[0])
		return refuse_guest(err,
			"hostname = %s: the guest's /etc is read-only (system.etc.overlay.mutable): "
			"leave hostname out, and let the guest set networking.hostName.",
			config->hostname);
	for (size_t i = 0; i < config->files.count; i++)
		if (text_starts_with(config->files.files[i].target, "/etc/"))
			return refuse_guest(err,
				"files = %s: the guest's /etc is read-only (system.etc.overlay.mutable): "
				"choose a path outside it, or let the guest have the file by "
				"environment.etc.",
				config->files.files[i].target);
	return 0;
}

int guest_check_accounts(
	const struct config *config, const struct manifest *manifest, struct error *err)
{
	const struct boot_accounts *accounts = &manifest->accounts;
	const char *user = config->keys_user;
	const struct boot_account *account = boot_accounts_find(accounts, user);
	char known[256];

	if (!accounts->used)
		return 0;
	boot_accounts_list(accounts, known, sizeof(known));
	if (config->keys.from && !account)
		return refuse_guest(err,
			"The guest has no user %s to give the keys to (it has %s): set keys-user to one of "
			"its users.",
			user, known);
	if (config->keys.from && !account->numbered)
		return refuse_guest(err,
			"The guest chooses the numbers of %s at boot, so the keys cannot have the right "
			"owner: set users.users.%s.uid and users.groups.%s.gid in the guest, or give the "
			"keys to root.",
			user, user, account->group);
	return 0;
}

int guest_check_ssh(const struct config *config, const struct manifest *manifest, struct error *err)
{
	char home[HOME_BYTES], wanted[HOME_BYTES + sizeof(KEY_FILE)], found[512];
	int r;

	if (!config->keys.from)
		return 0;
	if (!manifest->ssh_enabled)
		return refuse_guest(err,
			"The guest has no SSH server, so no one could log in with the "
			"keys: enable "
			"one in the guest, or say keys = none.");
	if (manifest->ssh_firewalled)
		return refuse_guest(err,
			"The guest's firewall admits no client to its SSH server, so no one could log in "
			"with the keys: set services.openssh.openFirewall or add the port to "
			"networking.firewall.allowedTCPPorts in the guest, or say keys = none.");
	r = check_ssh_user(config->keys_user, manifest, err);
	if (r < 0)
		return r;
	find_home(config->keys_user, manifest, home);
	snprintf(wanted, sizeof(wanted), "%s" KEY_FILE, home);
	for (size_t i = 0; i < manifest->ssh_key_file_count; i++) {
		expand_key_file(manifest->ssh_key_files[i], home, config->keys_user, found);
		if (strcmp(found, wanted) == 0)
			return 0;
	}
	return refuse_guest(err,
		"The guest's SSH server does not look at %s, where the keys go: add "
		"%%h" KEY_FILE " to its AuthorizedKeysFile, or say keys = none.",
		wanted);
}
