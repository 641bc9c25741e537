/* SPDX-License-Identifier: MIT */
/*
 * select — which disk is plainly meant, and why every other one is not.
 *
 * Pure. The rule: candidates are whole virtual disks named vdX or xvdX (sdX and nvmeXnY only when
 * the user names them). Read-only ones, cdroms, the medium, the key drive, anything mounted or
 * held are out. With disk=auto exactly one candidate must be blank; with wipe=force as well it must
 * be the only candidate, blank or not. A named disk with content needs wipe=force. What an install
 * of the same layout and labels left unfinished counts as blank. An installed mark is refused,
 * whatever was said; with disk=auto also beside a blank disk, which may be meant for the guest's
 * data. A planned label or UUID on another disk is a refusal (EXIT_NOT_BLANK).
 *
 * The layout pygrub takes two disks, or none: with disk=auto the root is xvdb, with boot-disk=auto
 * the boot disk is xvda, and each has to be blank as a named disk has to be.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "plan/choice.h"

/* Always fills ret->disks; ret->target and boot only on success. A path names a disk only as it
 * stands in disk->path: links such as /dev/disk/by-id/… are for the caller to resolve. Codes:
 * EXIT_NO_DISK, EXIT_SEVERAL_DISKS, EXIT_NOT_BLANK, EXIT_ALREADY_INSTALLED, EXIT_TOO_SMALL;
 * EXIT_CONFIGURATION where disk and boot-disk are one. The sentence lists every disk with its
 * reason. */
int select_target(const struct select_request *request, const struct disk *disks, size_t count,
	struct selection *ret, struct error *err) WARN_UNUSED;
