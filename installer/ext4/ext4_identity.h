/* SPDX-License-Identifier: MIT */
/*
 * ext4_identity — gives an unmounted ext4 another UUID, by libext2fs.
 *
 * Every checksum of the metadata begins with a seed that is computed from the UUID. The seed stays
 * as it was and goes into the superblock (feature metadata_csum_seed; Linux,
 * Documentation/filesystems/ext4/checksums.rst), so nothing but the superblock and its copies is
 * written. Linux 4.4 and e2fsprogs 1.43 read that. The directories' hash seed stays, too.
 *
 * Tested by: tests/unit/test_ext4_identity.c.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Whether the ext4 at offset_bytes of an image was unmounted and has no known errors. -EBUSY if its
 * journal is still to be replayed, -EUCLEAN for errors. */
int ext4_identity_check(const char *path, uint64_t offset_bytes, struct error *err) WARN_UNUSED;

/* Writes the UUID; the text is that of a UUID in any case. The caller syncs the file. */
int ext4_identity_set(
	const char *path, uint64_t offset_bytes, const char *uuid, struct error *err) WARN_UNUSED;
