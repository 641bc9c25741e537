/* SPDX-License-Identifier: MIT */
/*
 * image_esp — fills the EFI system partition of an image with systemd-boot, and copies it out
 * again, by mtools.
 *
 * The file system itself is made by format (mkfs.fat). mtools is the well-kept writer of FAT that
 * needs no mount, no root and no library; it is a program of the host, as mkfs.fat and qemu-img
 * are. The names and texts of the files are decided by loader_files. All times are
 * SOURCE_DATE_EPOCH's.
 *
 * Tested by: tests/image/systemd_boot.sh.
 */
#pragma once

#include "base/error.h"
#include "image/image_request.h"
#include "image/image_view.h"

/* Whether mtools can be started: EXIT_CONFIGURATION with the package's name. */
int image_esp_check(struct error *err) WARN_UNUSED;

/* Writes the boot loader, an entry for the system and each of its specialisations, and their
 * kernels. EXIT_VERIFY for a system that only a program of the guest can make bootable. index: of
 * the plan's ESP. */
int image_esp_fill(const struct image_request *request, size_t index, struct image_view *view,
	struct error *err) WARN_UNUSED;

/* Copies everything on it to a folder of the host, which is made. */
int image_esp_read(const struct image_request *request, size_t index, const char *to,
	struct error *err) WARN_UNUSED;
