/* SPDX-License-Identifier: MIT */
#include "plan/manifest_check.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "plan/classify.h"
#include "plan/guest_check.h"
#include "plan/planner.h"

#define NODES	     "/dev/"
#define FIRST_DISK   "vda"
#define PYGRUB_DISK  "xvdb"
#define PYGRUB_OTHER "xvda"
#define ANY_SEED     "00000000-0000-4000-8000-000000000000"

/* The kernel's name in the path of a disk that can be installed on, or otherwise. */
static const char *disk_name(const char *path, const char *otherwise)
{
	const char *name = path + strlen(NODES);

	return text_starts_with(path, NODES) && classify_is_disk_name(name) ? name : otherwise;
}

static void imagine_disk(const char *name, uint64_t size_bytes, struct disk *ret)
{
	*ret = (struct disk){ .size_bytes = size_bytes, .sector_bytes = SECTOR_BYTES };
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	snprintf(ret->path, sizeof(ret->path), NODES "%s", name);
}

/* The configuration's disk, else the one that the guest's boot loader is written to. */
static void imagine_disks(const struct config *config, const struct manifest *manifest,
	const struct manifest_check *sizes, struct disk *ret_disk, struct disk *ret_boot_disk)
{
	const char *first = manifest->layout == LAYOUT_PYGRUB ? PYGRUB_DISK : FIRST_DISK;
	const char *wanted = disk_name(manifest->boot_device, first);

	imagine_disk(disk_name(config->disk, wanted), sizes->disk_bytes, ret_disk);
	imagine_disk(
		disk_name(config->boot_disk, PYGRUB_OTHER), sizes->boot_disk_bytes, ret_boot_disk);
}

/* Leaves to other sources of the configuration what they may still say. */
static void assume_rest(
	struct config *config, const struct manifest *manifest, struct manifest_check *check)
{
	check->wants_swap = manifest->swap.fstype[0] && !config->given[KEY_SWAP];
	if (check->wants_swap)
		config->swap_bytes = MIB;
	if (config->given[KEY_KEYS] || config->given[KEY_KEYS_USER])
		return;
	if (guest_check_ssh(config, manifest, &check->login) < 0)
		config->keys.from = 0;
}

/* One plan for each firmware of the guest; a layout that needs a host has none. */
static int plan_firmware(const struct config *config, const struct manifest *manifest,
	const struct manifest_check *sizes, struct plan_needs *needs, struct error *err)
{
	static const unsigned all[] = { FIRMWARE_BIOS, FIRMWARE_UEFI };
	AUTO_FREE struct disk *disk = must_realloc(NULL, 2, sizeof(*disk));
	struct disk *boot_disk = manifest->layout == LAYOUT_PYGRUB ? disk + 1 : NULL;
	struct plan plan;
	int r;

	imagine_disks(config, manifest, sizes, disk, disk + 1);
	if (layout_needs_host(manifest->layout))
		return planner_make(config, manifest, disk, boot_disk, needs, ANY_SEED, &plan, err);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		needs->firmware = all[i];
		if (!(manifest->firmware & all[i]))
			continue;
		r = planner_make(config, manifest, disk, boot_disk, needs, ANY_SEED, &plan, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int manifest_check(const struct config *config, const struct manifest *manifest,
	struct manifest_check *ret, struct error *err)
{
	AUTO_FREE struct config *assumed = must_realloc(NULL, 1, sizeof(*assumed));
	struct plan_needs needs = { .nar_bytes = manifest->nar_bytes, .files = manifest->files };
	struct manifest_check check = { 0 }, sizes;
	int r;

	*assumed = *config;
	assume_rest(assumed, manifest, &check);
	needs.swap_bytes = config->swap_bytes;
	needs.boot_bytes = planner_boot_bytes(manifest, manifest->layout);
	check.disk_bytes = planner_min_bytes(manifest->layout, &needs);
	check.boot_disk_bytes = manifest->layout == LAYOUT_PYGRUB ? BOOT_MIN_BYTES : 0;
	sizes = check;
	sizes.disk_bytes += assumed->swap_bytes - config->swap_bytes;
	r = plan_firmware(assumed, manifest, &sizes, &needs, err);
	if (r < 0)
		return r;
	*ret = check;
	return 0;
}
