/* SPDX-License-Identifier: MIT */
/*
 * host_boot — the files of a guest that the host starts with its own kernel (layout direct).
 *
 * The host takes kernel, initrd and command line out of the store, or reports them to its user. A
 * boot menu that the guest wrote is not looked at. Nothing is written.
 *
 * Tested by: tests/unit/test_host_boot.c, tests/loop/images.sh.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"
#include "plan/plan.h"
#include "verify/boot_entry.h"

/* The kernel is one, the initrd is not empty, and the command line starts the plan's system from
 * the plan's root file system. root: where the target is mounted. */
int host_boot_verify(const char *root, const struct plan *plan, const struct boot_files *files,
	struct boot_entry *ret, struct error *err) WARN_UNUSED;

/* The initrd in the store exists and is not empty; a system without one passes. */
int host_boot_check_initrd(
	const char *root, const struct boot_files *files, struct error *err) WARN_UNUSED;

/* What the host is told to start: files below folder, which exist. initrd is empty for none. */
int host_boot_entry(const char *folder, const char *kernel, const char *initrd,
	const char *command_line, struct boot_entry *ret, struct error *err) WARN_UNUSED;
