/* SPDX-License-Identifier: MIT */
/*
 * efi_program — whether the firmware of an architecture starts a file of the target as an EFI
 * program.
 *
 * It reads the start of the file. What is in the program is the part of pe_sections and its
 * callers.
 *
 * Tested by: tests/unit/test_boot_loader.c, tests/unit/test_systemd_boot.c,
 * tests/loop/boot_menus.sh.
 */
#pragma once

#include "base/architecture.h"
#include "base/error.h"

/* name: a path below root, the mounted target. -EBADMSG where the file is none, or is for another
 * architecture. */
int efi_program_check(const char *root, const char *name, const struct architecture *architecture,
	struct error *err) WARN_UNUSED;

/* The same for a kernel, which is an EFI program if it was built so. */
int efi_program_check_kernel(const char *root, const char *name,
	const struct architecture *architecture, struct error *err) WARN_UNUSED;
