/* SPDX-License-Identifier: MIT */
/*
 * select_installed — chooses the disk whose finished install is started (if-installed=boot).
 *
 * Pure. The disk has to be one that select would look at: of the right kind, writable, not in use,
 * and the named one where the user names one. Its mark has to name the disk's own partition table
 * and root file system: a mark outlives a new table that does not overwrite its place. Of several
 * finished installs none is chosen. A label or UUID of the guest on another disk is a refusal,
 * because the guest could take that disk for its root. Whether the guest can be started is decided
 * by verify.
 *
 * The layout pygrub has two disks, which both carry a mark: as in select, xvda or boot-disk is the
 * boot disk.
 *
 * Tested by: tests/unit/test_select_installed.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "plan/choice.h"

struct installed_choice {
	bool found;    /* a disk has a finished install; if not, the rest is not set */
	size_t target; /* index into disks */
	size_t boot;   /* of the boot disk; SIZE_MAX if there is none */
	const struct install_mark *mark; /* of the target; points into disks */
	uint64_t root_offset_bytes;
};

/* Of request, disk, boot_disk, virtual_machine and layout are read; a layout that is not known may
 * be any one with a table. EXIT_ALREADY_INSTALLED where there are several, where the mark is not
 * the disk's, or where the boot disk is not there; EXIT_NOT_BLANK where another disk carries a name
 * of the guest. */
int select_installed(const struct select_request *request, const struct disk *disks, size_t count,
	struct installed_choice *ret, struct error *err) WARN_UNUSED;
