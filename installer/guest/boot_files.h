/* SPDX-License-Identifier: MIT */
/*
 * boot_files — the kernel, the initrd and the command line that an installed system asks for.
 *
 * Read from the system's boot.json, or from the links of its top level where it is older than
 * that. Nothing is written. What a boot loader makes of it is seen by verify.
 */
#pragma once

#include "base/error.h"
#include "base/file.h"

struct boot_files {
	char kernel[512]; /* files in the store */
	char initrd[512];
	char command_line[5120];
};

/* root is where the target is mounted, system a store path. */
int boot_files_read(const char *root, const char *system, struct boot_files *ret,
	struct error *err) WARN_UNUSED;

/* Resolves a file of the system and sees that it is a regular one. */
int boot_files_find(const char *root, const char *system, const char *name,
	char ret[FILE_PATH_BYTES], struct error *err) WARN_UNUSED;
