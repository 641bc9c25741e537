/* SPDX-License-Identifier: MIT */
/*
 * install_steps — the root file system, while the store and then the guest's own programs fill it.
 *
 * What a NixOS system consists of is guest's; here are the order of its steps, and who may boot
 * the disk meanwhile.
 */
#pragma once

#include "base/error.h"
#include "format/disk_lock.h"
#include "guest/extra_files.h"
#include "nix/cache_settings.h"
#include "nix/closure.h"
#include "plan/plan.h"
#include "verdict/shared_state.h"

#define TARGET_PATH "/run/guest-installer/target"

/* Copies the closure into the root file system, which nobody has mounted yet. */
int install_steps_copy_store(struct shared_state *shared, const struct plan *plan,
	const struct cache_settings *settings, struct closure *closure,
	struct error *err) WARN_UNUSED;

/* What the guest gets beside its system. */
struct guest_files {
	const char *ssh_keys_text; /* authorized_keys, NULL for none */
	const struct extra_files *extra_files;
};

/* Activation, keys, further files and boot loader, in a mount namespace that goes when they are
 * done. The boot sector is on the disk only while the boot loader is installed. */
int install_steps_run_programs(struct shared_state *shared, const struct plan *plan,
	const struct guest_files *files, struct disk_lock *lock, struct error *err) WARN_UNUSED;
