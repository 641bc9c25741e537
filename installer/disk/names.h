/* SPDX-License-Identifier: MIT */
/*
 * names — how the kernel calls the partitions of a disk.
 */
#pragma once

#include <stddef.h>

/* The kernel's name of a disk's partition, the first being number 1: "vda3", "nvme0n1p3". Works
 * for "vda" as well as for "/dev/vda". What does not fit is cut off. */
void partition_name(const char *disk, unsigned number, char *ret, size_t ret_bytes);
