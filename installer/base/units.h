/* SPDX-License-Identifier: MIT */
/*
 * units — sizes in bytes.
 *
 * Tested by: tests/unit/test_config.c.
 */
#pragma once

#define SECTOR_BYTES 512 /* in which the kernel and most formats count, whatever the disk has */
#define MIB	     (1024ULL * 1024)
#define GIB	     (1024ULL * MIB)
