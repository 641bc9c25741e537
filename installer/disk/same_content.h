/* SPDX-License-Identifier: MIT */
/*
 * same_content — compares what a disk held when it was chosen with what it holds under the lock.
 *
 * Pure. It compares what probe has found, and reads nothing.
 *
 * Tested by: tests/unit/test_same_content.c.
 */
#pragma once

#include "disk/disk.h"

/* Whether both have the same table, signature, file systems, marks, first byte that is not zero,
 * and wipe token. Names, sizes and drivers are not compared. */
bool same_content(const struct disk *a, const struct disk *b);
