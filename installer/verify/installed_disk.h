/* SPDX-License-Identifier: MIT */
/*
 * installed_disk — the plan of a disk that holds an installed guest, read off the disk itself.
 *
 * It recognises the layouts by table, offsets and file systems, and mounts them read-only. What the
 * guest then must hold is decided by verify. Nothing is written, and no journal is replayed.
 *
 * Tested by: tests/loop/images.sh, tests/fuzz/disk_image.c.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "disk/disk.h"
#include "plan/plan.h"

/* Derives layout and partitions. boot_path: the boot disk of layout pygrub; NULL for none.
 * first_sector: the disk's own. -EINVAL with EXIT_CONFIGURATION where the disk has no layout that
 * guest-installer makes, or -errno. */
int installed_disk_read(const char *path, const char *boot_path, struct plan *ret,
	uint8_t ret_first_sector[BOOT_SECTOR_BYTES], struct error *err) WARN_UNUSED;

/* Mounts the file systems below root, the ESP where the guest's fstab has it, and completes the
 * plan by the system that the profile names and its architecture. The caller unmounts. */
int installed_disk_mount(struct plan *plan, const char *root, struct error *err) WARN_UNUSED;

/* The parts of it that read files below root: the system that the profile names, and where the
 * guest's fstab has the EFI system partition. */
int installed_disk_find_system(struct plan *plan, const char *root, struct error *err) WARN_UNUSED;
int installed_disk_find_esp_path(
	struct plan *plan, const char *root, struct error *err) WARN_UNUSED;
