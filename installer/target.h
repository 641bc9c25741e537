/* SPDX-License-Identifier: MIT */
/*
 * target — the guest's file systems while they are mounted: they are filled, and read back.
 *
 * It mounts them below TARGET_PATH and unmounts them again, also after a failure. The steps
 * themselves are in install_steps, engine and verify.
 *
 * Tested by: tests/loop/images.sh.
 */
#pragma once

#include "format/disk_lock.h"
#include "install_decision.h"

/* Settles the engine, runs the guest's programs and writes keys, files and log. lock: the boot
 * sector is on the disk while the boot loader is installed. */
int target_fill(struct shared_state *shared, struct install_decision *decision,
	struct disk_lock *lock, struct error *err) WARN_UNUSED;

/* Reads everything back from file systems that are mounted read-only, and reports it. With
 * on-success=kexec the guest's kernel is loaded. EXIT_VERIFY for what is not as it should be. */
int target_verify(struct shared_state *shared, struct install_decision *decision,
	struct disk_lock *lock, struct error *err) WARN_UNUSED;
