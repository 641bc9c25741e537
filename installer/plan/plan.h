/* SPDX-License-Identifier: MIT */
/*
 * plan — the partitions, file systems and mounts that an install makes, as plain data.
 *
 * Pure. The planner computes a plan; partition, format and target_mount carry it out. This module
 * names the parts of a plan and prints them.
 *
 * Tested by: tests/unit/test_plan.c, tests/unit/test_plan_json.c.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "config/config.h"
#include "disk/install_mark.h"
#include "disk/layout.h"

#define PLAN_PARTITIONS_MAX  5
#define DISK_OPEN_PATH_BYTES 32
#define PLAN_NODE_BYTES	     128

enum partition_role {
	ROLE_BIOS_BOOT, /* GRUB's core image on GPT */
	ROLE_ESP,
	ROLE_BOOT, /* kernels and grub.cfg: a partition, or (pygrub) the boot disk */
	ROLE_ROOT,
	ROLE_SWAP,
};

enum file_system {
	FS_NONE,
	FS_EXT4,
	FS_VFAT,
	FS_SWAP, /* not mounted */
};

struct plan_partition {
	enum partition_role role;
	char type[40]; /* GPT type GUID, MBR type in hex ("83"), empty for a whole disk */
	char name[37]; /* GPT partition name */
	char uuid[37]; /* GPT partition UUID; empty on MBR */
	uint64_t offset_bytes;
	uint64_t size_bytes;
	enum file_system fs;
	char fs_label[17];
	char fs_uuid[37];     /* ext4 and swap: a UUID; vfat: XXXX-XXXX */
	char mount_path[256]; /* inside the target: "/", "/boot"; empty if not mounted */
};

struct plan {
	enum layout layout;
	const struct architecture *architecture; /* of the guest */
	char disk_path[CONFIG_TEXT_BYTES];	 /* for messages and for names of partitions */
	char open_path[DISK_OPEN_PATH_BYTES]; /* the locked disk (disk_lock_take); empty before */
	bool image_file;
	uint64_t disk_bytes;
	unsigned sector_bytes;
	char boot_disk_path[CONFIG_TEXT_BYTES]; /* pygrub: is ROLE_BOOT; empty: no such disk */
	char boot_open_path[DISK_OPEN_PATH_BYTES];
	uint64_t boot_disk_bytes;
	char table_id[37]; /* GPT disk GUID, MBR disk id as 0x%08x, empty if there is no table */
	struct plan_partition partitions[PLAN_PARTITIONS_MAX]; /* in order of their place on disk */
	size_t partition_count;
	size_t root;	    /* index of the root partition */
	char hash_seed[37]; /* ext4's directory hash seed */
	char system[256];   /* empty: nixos-install has still to build it */
	char keys_user[33];
	enum host_key_mode host_keys;
};

/* The path of the disk that a partition lies on. */
const char *plan_disk_path(const struct plan *plan, size_t index);

/* The path under which the disk of a partition is opened. Under the lock it is that of the lock's
 * descriptor, so that a file which takes the disk's name meanwhile is never opened. Before, it is
 * the disk's own path. */
const char *plan_open_path(const struct plan *plan, size_t index);

/* The node of a partition: "/dev/vda3", "/dev/nvme0n1p3", or the node of the whole disk if the
 * layout has no table. Only for block devices. */
void plan_partition_node(const struct plan *plan, size_t index, char ret_path[PLAN_NODE_BYTES]);

/* The mark in the boot block of a file system of the plan. The system is the plan's. */
void plan_install_mark(const struct plan *plan, size_t index, enum install_mark_state state,
	struct install_mark *ret);

/* "bios_boot", "esp", "boot", "root", "swap"; "ext4", "vfat", "swap", NULL for FS_NONE. */
const char *plan_role_name(enum partition_role role);
const char *plan_file_system_name(enum file_system fs);

/* Prints the plan for people. The same plan gives the same bytes. */
void plan_print(const struct plan *plan, FILE *out);
