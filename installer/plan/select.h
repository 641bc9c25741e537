/* SPDX-License-Identifier: MIT */
/*
 * select — chooses the disk that is plainly meant for the guest, and says why no other one is.
 *
 * Pure. Candidates are whole disks of a virtual machine: vdX and xvdX; also sdX and nvmeXnY that
 * are neither removable nor on USB and have the vendor and model of an emulator (emulated_disk).
 * Other sdX and nvmeXnY are taken only if the user names them. Excluded are read-only disks,
 * cdroms, the medium, the key drive, and disks that are mounted or held. With disk=auto exactly one
 * candidate must be blank. With wipe=force as well it must be the only candidate, blank or not.
 * Other values of disk take the smallest or largest blank candidate, or the one of a size. A named
 * disk with content needs wipe=force, or wipe with the token of that disk and content (wipe_token).
 * Our own unfinished install of the same layout and labels counts as blank. A disk with an
 * installed mark is always refused; with disk=auto also beside a blank disk, which may be meant for
 * the guest's data. A planned label or UUID on another disk is a refusal (EXIT_NOT_BLANK).
 *
 * The layout pygrub takes two disks or none: with disk=auto the root is xvdb, with boot-disk=auto
 * the boot disk is xvda. Each has to be as blank as a named disk.
 *
 * Tested by: tests/unit/test_select.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "plan/choice.h"

/* Puts every disk into a class, without the others: fills in ret->disks and chooses nothing. */
void select_classify(const struct select_request *request, const struct disk *disks, size_t count,
	struct selection *ret);

/* Always fills ret->disks; ret->target and boot only on success. A path names a disk as it stands
 * in disk->path, or as udev would name it (udev_link); other links are for the caller to resolve.
 * Codes: EXIT_NO_DISK, EXIT_SEVERAL_DISKS, EXIT_NOT_BLANK, EXIT_ALREADY_INSTALLED, EXIT_TOO_SMALL;
 * EXIT_CONFIGURATION where disk and boot-disk are one. The sentence lists every disk with its
 * reason. */
int select_target(const struct select_request *request, const struct disk *disks, size_t count,
	struct selection *ret, struct error *err) WARN_UNUSED;
