/* SPDX-License-Identifier: MIT */
/*
 * install_steps — fills the root file system: copies the store, then runs the guest's own programs.
 *
 * It decides the order of the steps, and when the disk has a boot sector. The steps themselves are
 * in guest.
 *
 * Tested by: tests/loop/images.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "format/disk_lock.h"
#include "guest/extra_files.h"
#include "init/run_folder.h"
#include "input/host_key_file.h"
#include "nix/closure.h"
#include "plan/manifest.h"
#include "plan/plan.h"
#include "verdict/shared_state.h"

#define TARGET_PATH RUN_FOLDER "/target"

/* Copies the closure into the unmounted root file system. */
int install_steps_copy_store(struct shared_state *shared, const struct plan *plan,
	const struct config *config, struct closure *closure, struct error *err) WARN_UNUSED;

/* What is installed besides the system. */
struct guest_files {
	const char *ssh_keys_text; /* authorized_keys, NULL for none */
	const struct given_host_keys *given_host_keys;
	const struct extra_files *extra_files;
	const char *host_name; /* empty: the guest's own */
	bool first_boot_verdict;
};

/* Writes host name, given host keys and further files, activates the system, writes host keys and
 * SSH keys, and installs the boot loader, in a chroot with its own mount namespace. The boot sector
 * is on the disk only while the boot loader is installed. */
int install_steps_run_programs(struct shared_state *shared, const struct plan *plan,
	const struct manifest *manifest, const struct guest_files *files, struct disk_lock *lock,
	struct error *err) WARN_UNUSED;
