/* SPDX-License-Identifier: MIT */
/*
 * blank — looks for a byte that is not zero on a disk or in an image file.
 *
 * It reads and never writes. It knows no file systems and no tables: probe does. Random bytes are
 * data, because nothing but zeros counts as blank.
 *
 * On a block device it reads the first 256 MiB and the last 64 MiB whole, and 1,024 blocks of
 * 4,096 bytes spread evenly between. In a file it reads every allocated extent (lseek(2),
 * SEEK_DATA).
 *
 * Tested by: tests/unit/test_blank.c, tests/loop/blank.sh, tests/loop/probe.sh,
 * tests/fuzz/disk_image.c.
 */
#pragma once

#include <stdint.h>

/* Looks at the first size_bytes of the open disk or file. Returns 1 if there is such a byte, and
 * the offset of the first one found in *ret; 0 if there is none; -errno, and -EIO if the disk ends
 * before its size. */
int blank_find_data(int fd, uint64_t size_bytes, uint64_t *ret) __attribute__((warn_unused_result));
