/* SPDX-License-Identifier: MIT */
/*
 * boot_files — the kernel, the initrd and the command line that an installed system asks for.
 *
 * It reads the system's boot.json, or the links of its top level where there is no boot.json. It
 * writes nothing. Whether the boot loader starts these files is decided by verify.
 *
 * Tested by: tests/loop/images.sh.
 */
#pragma once

#include "base/architecture.h"
#include "base/error.h"
#include "base/file.h"

struct boot_files {
	char kernel[512]; /* files in the store */
	char initrd[512]; /* empty if the system has none */
	char command_line[5120];
	char devicetree[512]; /* empty if the system names none */
};

/* root is where the target is mounted, system a store path. */
int boot_files_read(const char *root, const char *system, struct boot_files *ret,
	struct error *err) WARN_UNUSED;

/* The architecture that the file `system` of the system's top level names; this program's if there
 * is no such file. -EBADMSG for one that is not known here. */
int boot_files_architecture(const char *root, const char *system, const struct architecture **ret,
	struct error *err) WARN_UNUSED;

/* Resolves a file of the system. -EBADMSG if it is not a regular file. */
int boot_files_find(const char *root, const char *system, const char *name,
	char ret[FILE_PATH_BYTES], struct error *err) WARN_UNUSED;
