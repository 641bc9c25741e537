/* SPDX-License-Identifier: MIT */
/*
 * image_identity — gives the copy of a disk image identifiers of its own: of the partition table,
 * the partitions and the file systems.
 *
 * All are derived from one seed. Labels and names stay, since the guest finds its file systems by
 * them. What a guest is inside its root file system is changed by image_owner.
 *
 * Tested by: tests/image/clone.sh.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* Whether every ext4 of the plan was unmounted: EXIT_CONFIGURATION, naming the image, if not. */
int image_identity_check(const struct plan *plan, struct error *err) WARN_UNUSED;

/* fd, boot_fd: the copy, open for writing; boot_fd is -1 unless the plan has a boot disk. The plan
 * gets the new identifiers. */
int image_identity_renew(
	struct plan *plan, int fd, int boot_fd, const char *seed, struct error *err) WARN_UNUSED;
