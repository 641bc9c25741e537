/* SPDX-License-Identifier: MIT */
/*
 * manifest — parses guest.json: what a closure expects of the disk that it is installed on.
 *
 * Pure: text in, struct out. iso/make-manifest writes the file when a cache is made. Whether a plan
 * satisfies the manifest is decided by planner and guest_check.
 *
 * Tested by: tests/unit/test_manifest.c, tests/fuzz/manifest.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "disk/layout.h"
#include "plan/boot_accounts.h"

/* Version 1 lacks permit_root_login and allow_users, names of partitions, and swap by UUID. Version
 * 2 lacks activation, etc, users and the boot loader's installer. Version 3 lacks platform, version
 * 4 ssh.firewalled and initrd_modules. */
#define MANIFEST_VERSION       5
#define MANIFEST_MOUNTS_MAX    8
#define MANIFEST_KEY_FILES_MAX 8
#define MANIFEST_USERS_MAX     16
#define MANIFEST_MODULES_BYTES 16384

/* How the guest finds a file system or its swap. A name that is empty is not fixed. */
struct manifest_mount {
	char path[256];	 /* "/", "/boot"; empty for swap */
	char fstype[16]; /* "ext4", "vfat", "swap" */
	char label[17];
	char uuid[37];
	char partlabel[37]; /* the partition's name in a GPT */
	char partuuid[37];
};

struct manifest {
	char system[256]; /* store path */
	enum layout layout;
	const struct architecture *architecture; /* x86_64 if the manifest has no platform */
	struct manifest_mount mounts[MANIFEST_MOUNTS_MAX];
	size_t mount_count;
	struct manifest_mount swap; /* the partition that the guest uses; fstype empty: none */
	char boot_loader[16];	    /* "grub", "systemd-boot", "external", "none" */
	char boot_device[128];	    /* "/dev/vda", or "nodev"; empty: the disk, whichever it is */
	bool boot_efi;		    /* writes the EFI program at the removable-media path */
	char boot_installer[256]; /* store path of the program that installs the boot loader; empty:
				       switch-to-configuration runs it */
	unsigned firmware;	  /* set of enum firmware; empty for pygrub and direct */
	uint64_t nar_bytes;	  /* sum of NarSize over the closure */
	uint64_t files;		  /* regular files, directories and symlinks */
	bool ssh_enabled;
	char ssh_key_files[MANIFEST_KEY_FILES_MAX]
			  [128]; /* as in sshd_config, %h and %u unexpanded */
	size_t ssh_key_file_count;
	char permit_root_login[32];		   /* as in sshd_config; empty: not known */
	char allow_users[MANIFEST_USERS_MAX][128]; /* patterns as in sshd_config */
	size_t allow_user_count;		   /* 0: every user, or not known */
	bool ssh_firewalled; /* the guest's firewall admits no client to the SSH server */
	bool activation;     /* the system has an activation script */
	bool etc_overlay;    /* /etc is mounted at boot (nixpkgs, system.etc.overlay) */
	bool etc_mutable;    /* … with a writable layer above */
	struct boot_accounts accounts;
	char initrd_modules
		[MANIFEST_MODULES_BYTES]; /* names, a blank behind each; empty: not known */
};

/* The manifest of a system that has none (pygrub, direct), or that nixos-install has yet to build.
 * Such a system finds its file systems by the layout's labels, boots as the layout does, accepts
 * SSH keys and is made for this program's architecture. The verification checks whether that is
 * true. */
void manifest_assume(const char *system, enum layout layout, struct manifest *ret);

/* Parses and checks a whole manifest. Error: -EINVAL, EXIT_CONFIGURATION, naming the member. */
int manifest_parse(
	const char *text, size_t size_bytes, struct manifest *ret, struct error *err) WARN_UNUSED;
