/* SPDX-License-Identifier: MIT */
/*
 * key_drive — the small drive with SSH keys, found by what lies on it, read into memory; and the
 * same files where they are embedded in the ISO.
 *
 * ssh_keys_is_key_file and host_key_file_part decide which names count; key_sources,
 * host_key_sources and config decide what the files mean. The drive is mounted read-only and
 * detached again.
 *
 * Tested by: tests/qemu/key_drive.sh, tests/unit/test_key_drive_join.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "disk/disk.h"
#include "input/embedded.h"

#define KEY_DRIVE_FILES_MAX	   64
#define KEY_DRIVE_HOST_FILES_MAX   16
#define KEY_DRIVE_CONFIG_MAX_BYTES (64 * 1024)
#define KEY_DRIVE_CONFIG_NAME	   "guest-installer.conf"

struct key_drive_file {
	char name[256];
	char *text; /* with a NUL after it */
	size_t size_bytes;
	bool embedded; /* in the ISO, and not on the drive */
};

struct key_drive {
	bool found;
	char disk_name[DISK_TEXT_BYTES]; /* "vdb" */
	char node[128];			 /* the disk's node, or a partition's: "/dev/vdb1" */
	char fstype[32];
	struct key_drive_file files[KEY_DRIVE_FILES_MAX]; /* key files, sorted by name */
	size_t count;
	struct key_drive_file host_files[KEY_DRIVE_HOST_FILES_MAX]; /* ssh_host_*_key and *.pub */
	size_t host_count;
	char *config_text; /* of guest-installer.conf, with a NUL after it; NULL if there is none */
	size_t config_bytes;
	char *ca_text;	  /* of ca.pem or ca.crt: certificates for https; NULL if there is none */
	char *netrc_text; /* of netrc: users and passwords for servers; NULL if there is none */
	/* What nixos-install is to build: configuration.nix, flake.nix and flake.lock; NULL
	 * likewise. */
	char *configuration_text, *flake_text, *lock_text;
	const struct embedded *embedded; /* where further files are; NULL if nowhere */
};

/* Looks at every disk, cdroms included, that is neither the medium nor in use nor unreadable. A
 * FAT, ISO 9660 or UDF file system, on the whole disk or a partition, is the key drive if its root
 * folder has a key file, a host key or guest-installer.conf. Certificates, passwords and the files
 * of a NixOS configuration there are read too. The file system is mounted on mount_path meanwhile.
 * disk->key_drive is set for the drive. No drive is not an error (found stays false). Two drives
 * are one, with EXIT_NO_KEY and both names, and so is a file that cannot be read, is too large or
 * is not text. */
int key_drive_read(struct disk *disks, size_t count, const char *mount_path, struct key_drive *ret,
	struct error *err) WARN_UNUSED;

/* The same for a folder: only its files, and found. Regular files only. */
int key_drive_read_folder(const char *path, struct key_drive *ret, struct error *err) WARN_UNUSED;

/* The same for the files that are embedded in the ISO, which has to stay as long as ret. */
int key_drive_read_embedded(
	const struct embedded *embedded, struct key_drive *ret, struct error *err) WARN_UNUSED;

/* Reads one more file of the drive that was found, of any name, into memory (from malloc, a NUL
 * behind it), or one that is embedded in the ISO if the drive has none of that name. The drive is
 * mounted on mount_path again for that. EXIT_CONFIGURATION if there is no such regular file. */
int key_drive_read_file(const struct key_drive *drive, const char *mount_path, const char *name,
	size_t max_bytes, char **ret_text, size_t *ret_bytes, struct error *err) WARN_UNUSED;

void key_drive_free(struct key_drive *drive);
