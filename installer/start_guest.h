/* SPDX-License-Identifier: MIT */
/*
 * start_guest — starts an installed guest from the lean ISO: behind a success (on-success=kexec),
 * or in place of an install (if-installed=boot).
 *
 * The guest's kernel is started by kexec. Where the running kernel refuses that, or under Xen, the
 * medium is ejected and the machine reboots. Which disk is started is decided by select_installed,
 * which way by start_choice, and whether the guest may be started by verify. This module only
 * prepares: supervise starts the guest when the verdict is reported.
 *
 * Tested by: tests/qemu/stay_attached.sh.
 */
#pragma once

#include "base/error.h"
#include "plan/candidates.h"
#include "verdict/shared_state.h"
#include "verify/boot_entry.h"

/* on-success=kexec, while the target is mounted: loads the guest's kernel. If it cannot be loaded,
 * the reason is logged and the machine reboots instead. Does nothing for every other ending. */
void start_guest_after_install(struct shared_state *shared, const struct boot_entry *entry);

/* Reports the way as the result start; wanted is on-success as it was configured. */
void start_guest_report(struct shared_state *shared, enum ending wanted);

/* Verifies the boot entry of the chosen disk's guest, makes everything ready to start it, records
 * the start in the mark and reports the results. EXIT_VERIFY if the guest does not verify: nothing
 * is written then. EXIT_ALREADY_INSTALLED if its last start came back, which is recorded no longer
 * then, or if it cannot be started. root: the folder to mount it on. */
int start_guest_installed(struct shared_state *shared, const struct candidates *candidates,
	const struct installed_choice *choice, const char *root, struct error *err) WARN_UNUSED;
