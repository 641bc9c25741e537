/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "format/format.h"
#include "format/gate.h"
#include "guest/enter.h"
#include "guest/guest.h"
#include "guest/hostkeys.h"
#include "store/copy.h"
#include "verdict/progress.h"
#include "verify/pygrubdisk.h"

/* Waits until the disk has all of the root file system. */
static int sync_root(struct error *err)
{
	AUTO_CLOSE int fd = open(TARGET_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return error_errno(err, -errno, "write the root file system out to the disk");
	return 0;
}

static void watch_copy(uint64_t done_bytes, uint64_t total_bytes, void *outcome)
{
	progress_bytes(outcome, done_bytes, total_bytes);
}

int target_copy_store(struct outcome *outcome, const struct plan *plan, const struct config *config,
	struct closure *closure, struct error *err)
{
	struct place place;
	int r = format_find_place(plan, plan->root, &place, err);

	if (r < 0)
		return r;
	return copy_closure(
		&config->cache, closure, place.path, place.offset_bytes, watch_copy, outcome, err);
}

/* GRUB's installer needs the whole disk to be there, and makes it boot. So everything else comes
 * before, and the gate is open no longer than that. */
static int install_boot_loader(struct outcome *outcome, const struct plan *plan,
	const struct enter *enter, struct claim *claim, struct error *err)
{
	struct error second;
	int r;

	progress_begin(outcome, STAGE_BOOT_LOADER, "installing the boot loader");
	r = sync_root(err);
	if (r == 0)
		r = gate_open(&claim->gate, claim->lock_fd, err);
	if (r == 0)
		r = guest_install_boot_loader(enter, err);
	if (r == 0 && plan->layout == LAYOUT_PYGRUB)
		r = pygrubdisk_write_menu(TARGET_PATH, plan->system, err);
	if (claim_shut(claim, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}

int target_run_programs(struct outcome *outcome, const struct plan *plan,
	const struct target_files *files, struct claim *claim, struct error *err)
{
	struct enter enter;
	struct error second;
	int r;

	progress_begin(outcome, STAGE_ACTIVATION, "activating the system");
	r = enter_begin(TARGET_PATH, plan->system, &enter, err);
	if (r < 0)
		return r;
	r = guest_activate(&enter, plan->system, err);
	if (r == 0)
		r = hostkeys_make(&enter, plan->system, plan->host_keys, err);
	if (r == 0 && files->keys_text)
		r = guest_write_keys(TARGET_PATH, plan->keys_user, files->keys_text, err);
	if (r == 0)
		r = extras_write(files->config, files->extras, TARGET_PATH, err);
	if (r == 0)
		r = install_boot_loader(outcome, plan, &enter, claim, err);
	if (enter_end(&enter, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}
