/* SPDX-License-Identifier: MIT */
#include "install_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "disk/mount.h"
#include "format/boot_sector.h"
#include "format/format.h"
#include "guest/boot_device.h"
#include "guest/chroot.h"
#include "guest/etc_view.h"
#include "guest/first_boot.h"
#include "guest/given_host_keys.h"
#include "guest/host_keys.h"
#include "guest/host_name.h"
#include "guest/nixos.h"
#include "store/copy.h"
#include "verdict/progress.h"
#include "verify/pygrub_disk.h"

/* Waits until the disk has all of the root file system. */
static int sync_root(struct error *err)
{
	AUTO_CLOSE int fd = open(TARGET_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return error_errno(err, -errno, "write the root file system out to the disk");
	return 0;
}

int install_steps_copy_store(struct shared_state *shared, const struct plan *plan,
	const struct config *config, struct closure *closure, struct error *err)
{
	struct copy_target target = { .workers = config->workers };
	struct place place;
	int r = format_find_place(plan, plan->root, &place, err);

	if (r < 0)
		return r;
	target.path = place.path;
	target.offset_bytes = place.offset_bytes;
	return copy_closure(&config->cache, closure, &target, progress_bytes, shared, err);
}

/* Runs the guest's own installer of its boot loader, with the disk under the guest's name for
 * it. */
static int run_boot_installer(const struct plan *plan, const struct manifest *manifest,
	const struct chroot_session *session, int disk_fd, struct error *err)
{
	struct boot_device device;
	struct error second;
	int r = boot_device_show(
		TARGET_PATH, manifest->boot_device, plan->disk_path, disk_fd, &device, err);

	if (r < 0)
		return r;
	r = nixos_install_boot_loader(session, manifest, err);
	if (boot_device_hide(&device, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}

/* GRUB's installer needs the boot sector on the disk, and makes the disk bootable. So all other
 * steps come first, and the boot sector is blanked again afterwards. */
static int install_boot_loader(struct shared_state *shared, const struct plan *plan,
	const struct manifest *manifest, const struct chroot_session *session,
	struct disk_lock *lock, struct error *err)
{
	struct error second;
	int r;

	progress_begin(shared, STAGE_BOOT_LOADER, "installing the boot loader");
	r = sync_root(err);
	if (r == 0)
		r = boot_sector_restore(&lock->boot_sector, lock->lock_fd, err);
	if (r == 0)
		r = run_boot_installer(plan, manifest, session, lock->lock_fd, err);
	if (r == 0 && plan->layout == LAYOUT_PYGRUB)
		r = pygrub_disk_write_menu(TARGET_PATH, plan->system, err);
	if (disk_lock_blank_boot_sector(lock, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}

/* Files and keys are written before activation, also into an /etc that is an overlay. One that
 * cannot be written to is shown to the guest's programs with the accounts of the boot. */
static int show_etc(const struct plan *plan, const struct manifest *manifest, struct error *err)
{
	bool shown;

	if (!manifest->etc_overlay || manifest->etc_mutable)
		return etc_view_mount_overlay(TARGET_PATH, plan->system, manifest, false, err);
	return etc_view_mount(TARGET_PATH, plan->system, manifest, &shown, err);
}

/* The activation script mounts such an /etc itself. A system without one prepares itself at its
 * first boot. */
static int activate(const struct plan *plan, const struct manifest *manifest,
	const struct chroot_session *session, struct error *err)
{
	int r = 0;

	if (!manifest->activation) {
		log_line(
			"activation: left to the first boot, because the system has no activation script");
		return 0;
	}
	if (manifest->etc_overlay)
		r = mount_detach_below(TARGET_PATH "/etc", err);
	if (r < 0)
		return r;
	return nixos_activate(session, plan->system, err);
}

int install_steps_run_programs(struct shared_state *shared, const struct plan *plan,
	const struct manifest *manifest, const struct guest_files *files, struct disk_lock *lock,
	struct error *err)
{
	struct chroot_session session;
	struct error second;
	int r;

	progress_begin(shared, STAGE_ACTIVATION, "activating the system");
	r = chroot_enter(TARGET_PATH, plan->system, &session, err);
	if (r < 0)
		return r;
	r = show_etc(plan, manifest, err);
	if (r == 0)
		r = host_name_write(TARGET_PATH, plan->system, files->host_name, err);
	if (r == 0)
		r = extra_files_write(files->extra_files, TARGET_PATH, err);
	if (r == 0)
		r = given_host_keys_write(&session, plan->system,
			!manifest->etc_overlay || manifest->etc_mutable, files->given_host_keys,
			err);
	if (r == 0)
		r = activate(plan, manifest, &session, err);
	if (r == 0)
		r = given_host_keys_restore(TARGET_PATH, plan->system, files->given_host_keys, err);
	if (r == 0)
		r = host_keys_make(
			&session, plan->system, plan->host_keys, files->given_host_keys, err);
	if (r == 0 && files->ssh_keys_text)
		r = nixos_write_keys(TARGET_PATH, plan->keys_user, &manifest->accounts,
			files->ssh_keys_text, err);
	if (r == 0)
		r = extra_files_restore(files->extra_files, TARGET_PATH, err);
	if (r == 0 && files->first_boot_verdict)
		r = first_boot_write_verdict(TARGET_PATH, plan->system, manifest, err);
	if (r == 0)
		r = install_boot_loader(shared, plan, manifest, &session, lock, err);
	if (chroot_leave(&session, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}
