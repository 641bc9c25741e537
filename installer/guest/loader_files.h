/* SPDX-License-Identifier: MIT */
/*
 * loader_files — the names and texts of the files with which systemd-boot starts the first
 * generation of a NixOS system.
 *
 * Pure. They are those of nixpkgs' own builder (nixos/modules/system/boot/loader/systemd-boot/
 * systemd-boot-builder.py), so that the guest's nixos-rebuild replaces and removes them like its
 * own. The caller writes them. How systemd-boot reads them is decided by loader_entries.
 *
 * Tested by: tests/unit/test_loader_files.c.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "guest/bootspec.h"

#define LOADER_FILES_PATH_BYTES 640

/* Where a file of the store, /nix/store/HASH-NAME or a file below it, lies on the ESP:
 * /EFI/nixos/HASH-NAME-FILE.efi. */
void loader_files_place(const char *store_file, char ret[LOADER_FILES_PATH_BYTES]);

/* The path of an entry on the ESP; specialisation is NULL for the system itself. */
void loader_files_entry_path(const char *specialisation, char ret[LOADER_FILES_PATH_BYTES]);

/* The text of an entry, from malloc. kernel and initrd are paths on the ESP, initrd empty for none.
 * The time is that of the profile's link, in seconds since the epoch. */
char *loader_files_entry(const struct bootspec *spec, const char *specialisation,
	const char *kernel, const char *initrd, int64_t time_s);

/* The text of /loader/loader.conf: the defaults of nixpkgs, but without the editor, which would
 * give a root shell at the console. Whether the guest allows it is not known here; its next
 * nixos-rebuild sets it. */
extern const char loader_files_config[];
