/* SPDX-License-Identifier: MIT */
/*
 * names — the names that the kernel gives to the partitions of a disk.
 *
 * Pure.
 *
 * Tested by: tests/loop/scan.sh.
 */
#pragma once

#include <stddef.h>

/* The kernel's name of a disk's partition, the first being number 1: "vda3", "nvme0n1p3". Works
 * for "vda" as well as for "/dev/vda". A name that does not fit is truncated. */
void names_of_partition(const char *disk, unsigned number, char *ret, size_t ret_bytes);
