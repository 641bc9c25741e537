/* SPDX-License-Identifier: MIT */
/*
 * initrd_drivers — whether the guest's initrd has the drivers by which this machine reaches the
 * disk.
 *
 * The manifest lists the modules of the initrd, and the guest's folder kernel-modules says what
 * they depend on and what the kernel has built in. If either is missing, nothing is checked.
 *
 * Tested by: tests/unit/test_initrd_drivers.c, tests/engines/shapes.sh.
 */
#pragma once

#include "base/error.h"
#include "disk/disk_drivers.h"

/* listed: names of modules, separated by blanks; empty if they are not known. -EBADMSG for a driver
 * that is missing. */
int initrd_drivers_verify(const char *root, const char *system, const char *listed,
	const struct disk_drivers *drivers, struct error *err) WARN_UNUSED;
