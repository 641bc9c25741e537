/* SPDX-License-Identifier: MIT */
/*
 * plan — the partitions, file systems and mounts that an install will make.
 *
 * Pure: configuration, manifest, the chosen disk and the closure's size go in; a plain struct
 * with fixed arrays comes out, or the refusal. Every UUID is derived from the seed, so the same
 * seed gives the same plan. Whether it serves the guest is decided by fit.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "config/config.h"
#include "disk/disk.h"
#include "disk/layout.h"
#include "plan/manifest.h"

#define PLAN_PARTITIONS_MAX 4

enum partition_role {
	ROLE_BIOS_BOOT, /* GRUB's core image on GPT */
	ROLE_ESP,
	ROLE_BOOT, /* kernels and grub.cfg, on the boot disk */
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
	char disk_path[CONFIG_TEXT_BYTES];
	bool image_file;
	uint64_t disk_bytes;
	unsigned sector_bytes;
	char boot_disk_path[CONFIG_TEXT_BYTES]; /* pygrub: holds ROLE_BOOT; empty: no such disk */
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

/* The size of the closure and the machine it is for. */
struct plan_needs {
	uint64_t nar_bytes;  /* sum over the closure, as walked */
	uint64_t files;	     /* the manifest's; 0 if unknown */
	uint64_t swap_bytes; /* the configuration's */
	unsigned firmware;   /* the one that booted us, enum firmware; 0 if unknown */
	bool on_xen;	     /* this machine is a Xen domain */
};

/* What the layout will be, before a disk is known: the configuration's, else the manifest's, else
 * pygrub on Xen, whose domains of every kind can be started anew as PV ones, else gpt, which boots
 * by BIOS and by UEFI. Everywhere here manifest may be NULL if there is none. */
int plan_layout(const struct config *config, const struct manifest *manifest, bool on_xen,
	enum layout *ret, struct error *err) WARN_UNUSED;

/* The least size in bytes of a disk that takes this closure in this layout. */
uint64_t plan_min_bytes(enum layout layout, const struct plan_needs *needs);

/* boot_disk: for the layout pygrub, else NULL. Makes the plan and holds it against the manifest:
 * mounts, labels, boot loader and its device, firmware, SSH. seed is a UUID in text. Codes:
 * EXIT_CONFIGURATION where the manifest does not fit (the sentence says what to change),
 * EXIT_TOO_SMALL. */
int plan_make(const struct config *config, const struct manifest *manifest, const struct disk *disk,
	const struct disk *boot_disk, const struct plan_needs *needs, const char *seed,
	struct plan *ret, struct error *err) WARN_UNUSED;

/* The path of the disk that a partition lies on. */
const char *plan_disk_path(const struct plan *plan, size_t index);

/* "bios_boot", "esp", "boot", "root", "swap"; "ext4", "vfat", "swap", NULL for FS_NONE. */
const char *plan_role_name(enum partition_role role);
const char *plan_file_system_name(enum file_system fs);

/* Prints it for people, the same bytes for the same plan. */
void plan_print(const struct plan *plan, FILE *out);
