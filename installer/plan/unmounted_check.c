/* SPDX-License-Identifier: MIT */
#include "plan/unmounted_check.h"

#include <errno.h>
#include <string.h>

#define ISO_INSTEAD "install it in a machine, from the installer's ISO"

static int check_boot_loader(const struct manifest *manifest, struct error *err)
{
	if (layout_needs_host(manifest->layout))
		return 0;
	if (strcmp(manifest->boot_loader, "systemd-boot") == 0 && manifest->layout == LAYOUT_GPT)
		return 0;
	if (strcmp(manifest->boot_loader, "grub") == 0)
		return error_refuse(err,
			"The guest's boot loader is GRUB, which only the guest's own grub-install can put on a disk, and an image is made without running the guest's programs: let the guest use systemd-boot, or " ISO_INSTEAD
			".");
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"The guest's boot loader is %s, whose files only a program of the guest can write, and an image is made without running the guest's programs: let the guest use systemd-boot, or " ISO_INSTEAD
		".",
		manifest->boot_loader);
}

/* Kernels go to the ESP. With another partition for /boot systemd-boot would look for them
 * there. */
static int check_unmounted_mounts(const struct manifest *manifest, struct error *err)
{
	for (size_t i = 0; i < manifest->mount_count; i++) {
		const struct manifest_mount *mount = &manifest->mounts[i];

		if (manifest->layout == LAYOUT_GPT && strcmp(mount->path, "/") != 0 &&
			strcmp(mount->fstype, "vfat") != 0)
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"The guest mounts %s from a partition of its own, which an image with systemd-boot does not have: mount only / and the EFI system partition, or " ISO_INSTEAD
				".",
				mount->path);
	}
	return 0;
}

static int check_first_boot(const struct manifest *manifest, struct error *err)
{
	if (manifest->etc_overlay)
		return error_refuse(err,
			"The guest mounts an overlay on /etc (system.etc.overlay.enable), whose layers cannot be judged without mounting them: set it to false, or " ISO_INSTEAD
			".");
	if (!manifest->activation)
		return error_refuse(err,
			"The guest has no activation script (system.activatable = false), so its first boot does not complete an image: set it to true, or " ISO_INSTEAD
			".");
	return 0;
}

int unmounted_check_settings(const struct config *config, struct error *err)
{
	if (config->engine != ENGINE_CACHE)
		return error_refuse(err,
			"engine = nixos-install builds the guest in a machine, and an image is made from a binary cache: set engine to cache.");
	if (config->hostname[0])
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"hostname = %s is not written into an image: set networking.hostName in the guest, or give the file by --file /etc/hostname=FILE.",
			config->hostname);
	return 0;
}

int unmounted_check_guest(const struct manifest *manifest, struct error *err)
{
	int r = check_boot_loader(manifest, err);

	if (r < 0)
		return r;
	r = check_unmounted_mounts(manifest, err);
	if (r < 0)
		return r;
	return check_first_boot(manifest, err);
}

void unmounted_check_accounts(struct manifest *manifest, bool *ret_assumed)
{
	*ret_assumed = !manifest->accounts.used;
	if (manifest->accounts.used)
		return;
	boot_accounts_assume(&manifest->accounts);
	for (size_t i = 0; i < manifest->accounts.count; i++)
		manifest->accounts.list[i].locked = true;
}
