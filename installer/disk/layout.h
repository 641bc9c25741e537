/* SPDX-License-Identifier: MIT */
/*
 * layout — the names and the fixed geometry of the disk layouts.
 *
 * Pure. It says where the parts of each layout begin, so that classify can read a disk's mark
 * before there is a plan. select decides which disk, and planner which sizes.
 *
 * Tested by: tests/unit/test_plan.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/architecture.h"
#include "base/units.h"

enum layout {
	LAYOUT_AUTO,   /* the manifest's */
	LAYOUT_BIOS,   /* MBR, one active Linux partition, GRUB in the gap */
	LAYOUT_GPT,    /* GPT: bios_boot (where there is a BIOS), ESP, root */
	LAYOUT_PYGRUB, /* two whole disks without tables: boot file system and root; Xen's pygrub */
	LAYOUT_DIRECT, /* MBR, one Linux partition, no boot loader: the host has the kernel */
	LAYOUT_COUNT,
};

enum firmware {
	FIRMWARE_BIOS = 1,
	FIRMWARE_UEFI = 2,
};

#define BOOT_SECTOR_BYTES	   512 /* a firmware reads this much first */
#define MBR_ROOT_OFFSET_BYTES	   (1 * MIB)
#define GPT_BIOS_BOOT_OFFSET_BYTES (1 * MIB)
#define GPT_ESP_OFFSET_BYTES	   (2 * MIB)
#define GPT_ESP_BYTES		   (512 * MIB)
#define GPT_ROOT_OFFSET_BYTES	   (GPT_ESP_OFFSET_BYTES + GPT_ESP_BYTES)
#define ROOT_MIN_BYTES		   (1 * GIB)
#define SWAP_PAGE_BYTES		   4096
#define SWAP_MAX_BYTES		   ((1ULL << 32) * SWAP_PAGE_BYTES)
#define BOOT_MIN_BYTES		   (64 * MIB)  /* of the boot disk, where there is one */
#define BOOT_PARTITION_BYTES	   (512 * MIB) /* in a table, where the guest mounts /boot */

/* The name as it stands in configuration and manifest: auto, bios, gpt, pygrub, direct. */
const char *layout_name(enum layout layout);

/* 0 and *ret, or -EINVAL for an unknown name. */
int layout_parse(const char *name, enum layout *ret);

/* Where the root file system of a layout begins, in bytes from the start of the disk; its first
 * 1,024 bytes hold the mark. Not defined for LAYOUT_AUTO. */
uint64_t layout_root_offset_bytes(enum layout layout);

/* Whether there is a partition table; if not, each file system is a whole disk. */
bool layout_has_table(enum layout layout);

/* Whether it is started by Xen or by a host that has the kernel, and by no firmware. */
bool layout_needs_host(enum layout layout);

/* Why a guest of this architecture cannot have the layout; NULL if it can. */
const char *layout_refusal(enum layout layout, const struct architecture *architecture);

/* The label of the root file system if neither the configuration nor the manifest sets one. */
const char *layout_root_label(enum layout layout);
