/* SPDX-License-Identifier: MIT */
/*
 * start_choice — how the ISO starts an installed guest, and whether its last start failed.
 *
 * Pure. Before a start, the mark gets the way and a checksum of the root file system's superblock.
 * A guest that starts mounts its root for writing, and ext4 then writes the superblock (mount time,
 * mount count: Linux, Documentation/filesystems/ext4/, "Super Block"). So if the superblock is
 * still the recorded one when the ISO runs again, the guest has not started. The guest need not
 * know of the ISO. A journal that the guest replays can bring an older record back, because the
 * boot block and the superblock are in one block: the superblock is then newer than that record,
 * too.
 *
 * Tested by: tests/unit/test_start_choice.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "disk/install_mark.h"
#include "disk/layout.h"

#define SUPERBLOCK_OFFSET_BYTES 1024
#define SUPERBLOCK_BYTES	1024

/* What the file system's superblock is in a mark. */
uint32_t start_choice_checksum(const uint8_t superblock[SUPERBLOCK_BYTES]);

/* What is known of the last start. */
struct last_start {
	struct install_mark mark;
	uint32_t superblock; /* the checksum of the superblock as it is now */
	bool on_xen;	     /* this machine is a domain of Xen */
};

/* 0, or -ELOOP with EXIT_ALREADY_INSTALLED if the recorded start came back without the guest. By
 * kexec a domain of Xen may come back once: the medium is then ejected. */
int start_choice_check_return(const struct last_start *last, struct error *err) WARN_UNUSED;

/* Why kexec is not tried, as a sentence; NULL if it is. A kexec in a domain of Xen needs a
 * toolstack that resets the domain softly (Xen, docs/man/xl.cfg.5.pod.in, on_soft_reset). Where it
 * came back once, the medium is ejected as long as that works. files_known: the boot entry names
 * its kernel and initrd as files. */
const char *start_choice_why_no_kexec(const struct last_start *last, bool files_known);

/* 0, or -EOPNOTSUPP if no firmware starts a guest of this layout, so that a reboot would start
 * nothing. */
int start_choice_check_firmware(enum layout layout, struct error *err) WARN_UNUSED;
