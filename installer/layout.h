/* SPDX-License-Identifier: MIT */
/*
 * layout — the names and the fixed geometry of the disk layouts.
 *
 * It knows where the parts of each layout begin, so that a disk can be judged (by its mark)
 * before a plan is made. It does not decide which disk or which sizes: see select and plan.
 */
#pragma once

#include <stdint.h>

#define MIB (1024ULL * 1024)
#define GIB (1024ULL * MIB)

enum layout {
	LAYOUT_AUTO, /* the manifest's */
	LAYOUT_BIOS, /* MBR, one active Linux partition, GRUB in the gap */
	LAYOUT_GPT,  /* GPT: bios_boot, ESP, root */
	LAYOUT_COUNT,
};

#define BIOS_ROOT_OFFSET_BYTES	   (1 * MIB)
#define GPT_BIOS_BOOT_OFFSET_BYTES (1 * MIB)
#define GPT_ESP_OFFSET_BYTES	   (2 * MIB)
#define GPT_ESP_BYTES		   (512 * MIB)
#define GPT_ROOT_OFFSET_BYTES	   (GPT_ESP_OFFSET_BYTES + GPT_ESP_BYTES)
#define ROOT_MIN_BYTES		   (1 * GIB)

/* The name as it stands in configuration and manifest: auto, bios, gpt. */
const char *layout_name(enum layout layout);

/* 0 and *ret, or -EINVAL for an unknown name. */
int layout_parse(const char *name, enum layout *ret);

/* Where the root file system of a layout begins, in bytes from the start of the disk; its first
 * 1,024 bytes hold the mark. Not defined for LAYOUT_AUTO. */
uint64_t layout_root_offset_bytes(enum layout layout);
