/* SPDX-License-Identifier: MIT */
#include "plan/planner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/uuid.h"
#include "plan/guest_check.h"
#include "plan/labels.h"

/* Partition types: the Discoverable Partitions Specification and, for bios_boot, GRUB's manual. */
#define TYPE_BIOS_BOOT "21686148-6449-6E6F-744E-656564454649"
#define TYPE_ESP       "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
#define TYPE_SWAP      "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"
#define TYPE_LINUX     "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
#define TYPE_MBR_LINUX "83"
#define TYPE_MBR_FAT32 "c"
#define TYPE_MBR_SWAP  "82"

/* Left free behind the last partition: the backup GPT, or what becomes one later. */
#define TAIL_BYTES (1 * MIB)

#define MBR_MAX_SECTORS (1ULL << 32)

/* ext4 as mke2fs makes it (see format.h). */
#define EXT4_BLOCK_BYTES       4096
#define EXT4_BYTES_PER_INODE   16384
#define EXT4_JOURNAL_BYTES     (64 * MIB) /* of 2 to 16 GiB; larger disks have room for more */
#define ROOT_SLACK_BYTES       (128 * MIB)
#define SPARE_INODES	       8192
#define GUESSED_BYTES_PER_FILE 4096 /* where the manifest does not say how many there are */

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

int planner_layout(const struct config *config, const struct manifest *manifest, bool on_xen,
	enum layout *ret, struct error *err)
{
	enum layout layout = config->layout != LAYOUT_AUTO ? config->layout
			     : manifest			   ? manifest->layout
			     : on_xen			   ? LAYOUT_PYGRUB
							   : LAYOUT_GPT;

	if (manifest && config->layout != LAYOUT_AUTO && config->layout != manifest->layout)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The configuration says layout = %s, but the guest is built for the layout "
			"%s: say layout = auto, or build the guest for %s.",
			layout_name(config->layout), layout_name(manifest->layout),
			layout_name(config->layout));
	if (layout != LAYOUT_PYGRUB && config->given[KEY_BOOT_DISK])
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The configuration names a boot-disk, but only the layout pygrub has one, "
			"and this is %s: leave it out.",
			layout_name(layout));
	*ret = layout;
	return 0;
}

/* The least size of the root file system. The NARs' sum is more than the files' bytes; each file
 * and folder may waste most of a block. On that, a tenth: inode tables (256 bytes for every 16 KiB,
 * 1.6 %), bitmaps, extents, and the 5 % that mke2fs reserves. Then the journal, and slack for the
 * database, what activation makes, and kernels that the boot loader copies. ext4 also needs an
 * inode for every file, of which it makes one for every 16 KiB. */
static uint64_t root_min_bytes(const struct plan_needs *needs)
{
	uint64_t files = needs->files ? needs->files : needs->nar_bytes / GUESSED_BYTES_PER_FILE;
	uint64_t content = needs->nar_bytes + files * EXT4_BLOCK_BYTES;
	uint64_t by_bytes = content + content / 10 + EXT4_JOURNAL_BYTES + ROOT_SLACK_BYTES;
	uint64_t by_inodes = (files + files / 8 + SPARE_INODES) * EXT4_BYTES_PER_INODE;

	return round_up(larger(ROOT_MIN_BYTES, larger(by_bytes, by_inodes)), MIB);
}

uint64_t planner_boot_bytes(const struct manifest *manifest, enum layout layout)
{
	return labels_find_boot(manifest, layout) ? BOOT_PARTITION_BYTES : 0;
}

uint64_t planner_min_bytes(enum layout layout, const struct plan_needs *needs)
{
	if (!layout_has_table(layout))
		return root_min_bytes(needs);
	return layout_root_offset_bytes(layout) + root_min_bytes(needs) + needs->swap_bytes +
	       needs->boot_bytes + TAIL_BYTES;
}

void planner_set_table_id(struct plan *plan, const char *seed)
{
	if (plan->layout == LAYOUT_GPT)
		uuid_derive_upper(seed, "disk", plan->table_id);
	else
		snprintf(plan->table_id, sizeof(plan->table_id), "0x%08x",
			uuid_derive_u32(seed, "disk"));
}

static struct plan_partition *plan_partition_add(struct plan *plan, enum partition_role role,
	const char *type, uint64_t offset_bytes, uint64_t size_bytes)
{
	struct plan_partition *p = &plan->partitions[plan->partition_count++];

	*p = (struct plan_partition){
		.role = role, .offset_bytes = offset_bytes, .size_bytes = size_bytes
	};
	snprintf(p->type, sizeof(p->type), "%s", type);
	return p;
}

static void name_partition(
	struct plan_partition *p, const char *name, const char *seed, const char *purpose)
{
	snprintf(p->name, sizeof(p->name), "%s", name);
	uuid_derive_upper(seed, purpose, p->uuid);
}

/* Two whole disks, the boot file system first. */
static void lay_out_disks(struct plan *plan)
{
	plan_partition_add(plan, ROLE_BOOT, "", 0, plan->boot_disk_bytes)->fs = FS_EXT4;
	plan_partition_add(plan, ROLE_ROOT, "", 0, plan->disk_bytes)->fs = FS_EXT4;
	plan->root = plan->partition_count - 1;
}

/* A partition for the guest's /boot. */
static void lay_out_boot(struct plan *plan, const struct manifest_mount *mount,
	uint64_t offset_bytes, const char *seed)
{
	bool fat = strcmp(mount->fstype, "vfat") == 0;
	const char *type = plan->layout == LAYOUT_GPT ? TYPE_LINUX
			   : fat		      ? TYPE_MBR_FAT32
						      : TYPE_MBR_LINUX;
	struct plan_partition *p = plan_partition_add(
		plan, ROLE_BOOT, type, offset_bytes, BOOT_PARTITION_BYTES);

	p->fs = fat ? FS_VFAT : FS_EXT4;
	if (plan->layout == LAYOUT_GPT)
		name_partition(p, "boot", seed, "partition boot");
}

/* What a GPT has for the firmware. The ESP has the same place with and without bios_boot. */
static void lay_out_firmware(struct plan *plan, const char *seed)
{
	struct plan_partition *p;

	if (!plan->architecture->no_bios) {
		p = plan_partition_add(plan, ROLE_BIOS_BOOT, TYPE_BIOS_BOOT,
			GPT_BIOS_BOOT_OFFSET_BYTES,
			GPT_ESP_OFFSET_BYTES - GPT_BIOS_BOOT_OFFSET_BYTES);
		name_partition(p, "bios_boot", seed, "partition bios_boot");
	}
	p = plan_partition_add(plan, ROLE_ESP, TYPE_ESP, GPT_ESP_OFFSET_BYTES, GPT_ESP_BYTES);
	name_partition(p, "ESP", seed, "partition esp");
	p->fs = FS_VFAT;
}

/* The partitions of a layout, without their file systems' names. A /boot and the swap lie behind
 * the root, so that the root, and with it the mark, is where it always is. */
static void lay_out(
	struct plan *plan, const struct manifest_mount *boot, uint64_t swap_bytes, const char *seed)
{
	uint64_t swap = (plan->disk_bytes - TAIL_BYTES) / MIB * MIB - swap_bytes;
	uint64_t end = swap - (boot ? BOOT_PARTITION_BYTES : 0);
	uint64_t root = layout_root_offset_bytes(plan->layout);
	struct plan_partition *p;

	if (!layout_has_table(plan->layout)) {
		lay_out_disks(plan);
		return;
	}
	planner_set_table_id(plan, seed);
	if (plan->layout == LAYOUT_GPT) {
		lay_out_firmware(plan, seed);
		p = plan_partition_add(
			plan, ROLE_ROOT, plan->architecture->root_type, root, end - root);
		name_partition(p, "root", seed, "partition root");
	} else {
		p = plan_partition_add(plan, ROLE_ROOT, TYPE_MBR_LINUX, root, end - root);
	}
	p->fs = FS_EXT4;
	plan->root = plan->partition_count - 1;
	if (boot)
		lay_out_boot(plan, boot, end, seed);
	if (swap_bytes == 0)
		return;
	p = plan_partition_add(plan, ROLE_SWAP,
		plan->layout == LAYOUT_GPT ? TYPE_SWAP : TYPE_MBR_SWAP, swap, swap_bytes);
	p->fs = FS_SWAP;
	if (plan->layout == LAYOUT_GPT)
		name_partition(p, "swap", seed, "partition swap");
}

static int check_plan_size(const struct plan *plan, const struct disk *disk,
	const struct plan_needs *needs, struct error *err)
{
	uint64_t need_bytes = planner_min_bytes(plan->layout, needs);
	char size[TEXT_SIZE_BYTES], need[TEXT_SIZE_BYTES];

	if (disk->size_bytes < need_bytes)
		return error_set_code(err, EXIT_TOO_SMALL, -ENOSPC,
			"%s has %s (%" PRIu64 " bytes), but the guest needs %s%s (%" PRIu64
			" bytes): give the machine a larger disk.",
			disk->path, text_size(size, disk->size_bytes), disk->size_bytes,
			text_size(need, need_bytes), needs->swap_bytes ? " with its swap" : "",
			need_bytes);
	if ((plan->layout == LAYOUT_BIOS || plan->layout == LAYOUT_DIRECT) &&
		disk->size_bytes / plan->sector_bytes > MBR_MAX_SECTORS)
		return error_set_code(err, EXIT_CONFIGURATION, -EFBIG,
			"%s has %s, and the table of the layout %s ends at %s: build the guest for "
			"another layout, or use a smaller disk.",
			disk->path, text_size(size, disk->size_bytes), layout_name(plan->layout),
			text_size(need, MBR_MAX_SECTORS * plan->sector_bytes));
	return 0;
}

static int set_system(struct plan *plan, const struct config *config,
	const struct manifest *manifest, struct error *err)
{
	if (manifest && config->system[0] && strcmp(config->system, manifest->system) != 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The configuration says system = %s, but the manifest is of %s: leave one "
			"of "
			"them out.",
			config->system, manifest->system);
	snprintf(plan->system, sizeof(plan->system), "%s",
		config->system[0] ? config->system
		: manifest	  ? manifest->system
				  : "");
	if (!plan->system[0] && config->engine == ENGINE_CACHE)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"There is no manifest and no system: say which system to install.");
	return 0;
}

/* The roles in a sentence. */
static const struct {
	const char *words, *fix;
} roles[] = {
	[ROLE_BIOS_BOOT] = { "", "" },
	[ROLE_ESP] = { "the EFI system partition", "choose another root-label or esp-label" },
	[ROLE_BOOT] = { "the boot file system",
		"choose another root-label, or another label for the guest's /boot" },
	[ROLE_ROOT] = { "the root file system", "choose another root-label" },
	[ROLE_SWAP] = { "the swap partition",
		"choose another label for the guest's swap, or another root-label or esp-label" },
};

/* Two of one label or name and the guest may take the wrong one. FAT knows no case. */
static int check_labels(const struct plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		const struct plan_partition *p = &plan->partitions[i];

		for (size_t j = 0; p->fs != FS_NONE && j < i; j++) {
			const struct plan_partition *other = &plan->partitions[j];

			if (p->name[0] && strcmp(p->name, other->name) == 0)
				return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
					"Two partitions are named \"%s\": let the guest use another "
					"name (partlabel).",
					p->name);
			if (strcasecmp(p->fs_label, other->fs_label) != 0)
				continue;
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"Both %s and %s are labelled \"%s\": %s.", roles[p->role].words,
				roles[other->role].words, other->fs_label,
				roles[p->role == ROLE_ROOT ? other->role : p->role].fix);
		}
	}
	return 0;
}

static int check_guest(const struct plan *plan, const struct config *config,
	const struct manifest *manifest, unsigned firmware, struct error *err)
{
	int r = check_labels(plan, err);

	if (r < 0 || !manifest)
		return r;
	r = guest_check_mounts(plan, manifest, err);
	if (r < 0)
		return r;
	r = guest_check_swap(plan, manifest, err);
	if (r < 0)
		return r;
	r = guest_check_firmware(plan, manifest, firmware, err);
	if (r < 0)
		return r;
	r = guest_check_boot_loader(plan, manifest, err);
	if (r < 0)
		return r;
	r = guest_check_files(config, manifest, err);
	if (r < 0)
		return r;
	r = guest_check_accounts(config, manifest, err);
	if (r < 0)
		return r;
	return guest_check_ssh(config, manifest, err);
}

/* Whether guests of this architecture can have the layout, and this machine can run their
 * programs. */
static int check_architecture(
	const struct plan *plan, const struct plan_needs *needs, struct error *err)
{
	const struct architecture *guest = plan->architecture;
	const char *refusal = layout_refusal(plan->layout, guest);

	if (refusal)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"A guest for %s cannot have the layout %s (%s): build it for the layout gpt or direct.",
			guest->name, layout_name(plan->layout), refusal);
	if (needs->architecture && needs->architecture != guest)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The guest is made for %s, but this machine and its installer are %s, and the install runs "
			"programs of the guest: start the installer's ISO for %s in a machine of that architecture.",
			guest->name, needs->architecture->name, guest->name);
	return 0;
}

/* What belongs to one layout alone. */
static int check_layout(
	const struct plan *plan, const struct config *config, bool unmounted, struct error *err)
{
	if (!layout_has_table(plan->layout) && config->swap_bytes)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"The layout %s has no partition table, and so no place for a swap "
			"partition: leave swap out, and let the guest make a swap file.",
			layout_name(plan->layout));
	if (plan->image_file && !unmounted && !layout_needs_host(plan->layout))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s is an image file, and the boot loader of the layout %s can be "
			"installed only in a machine that has the disk: start one from the "
			"installer's ISO, choose the layout pygrub or direct, or make an "
			"image with systemd-boot by the command image.",
			plan->disk_path, layout_name(plan->layout));
	return 0;
}

static int set_boot_disk(struct plan *plan, const struct disk *boot_disk, struct error *err)
{
	char need[TEXT_SIZE_BYTES];

	if (!boot_disk)
		return 0;
	if (boot_disk->size_bytes < BOOT_MIN_BYTES)
		return error_set_code(err, EXIT_TOO_SMALL, -ENOSPC,
			"The boot disk %s is smaller than %s: give the machine a larger one.",
			boot_disk->path, text_size(need, BOOT_MIN_BYTES));
	if (boot_disk->image_file != plan->image_file)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"Of %s and %s only one is an image file: name two disks or two files.",
			boot_disk->path, plan->disk_path);
	snprintf(plan->boot_disk_path, sizeof(plan->boot_disk_path), "%s", boot_disk->path);
	plan->boot_disk_bytes = boot_disk->size_bytes;
	return 0;
}

int planner_choose_host_keys(const struct config *config, const struct manifest *manifest,
	struct plan *plan, struct error *err)
{
	plan->host_keys = config->host_keys.mode;
	if (!manifest || !manifest->accounts.used)
		return 0;
	if (plan->host_keys == HOST_KEYS_GENERATE)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"host-keys = generate, but the guest creates its accounts at boot, and ssh-keygen "
			"does not run without them: leave host-keys out, and the guest makes its keys at "
			"its first boot.");
	plan->host_keys = HOST_KEYS_NONE;
	return 0;
}

static const struct architecture *find_guest(
	const struct manifest *manifest, const struct plan_needs *needs)
{
	return manifest && manifest->architecture ? manifest->architecture
	       : needs->architecture		  ? needs->architecture
						  : architecture_native();
}

int planner_make(const struct config *config, const struct manifest *manifest,
	const struct disk *disk, const struct disk *boot_disk, const struct plan_needs *needs,
	const char *seed, struct plan *ret, struct error *err)
{
	struct plan_needs known = *needs;
	struct plan plan = {
		.image_file = disk->image_file,
		.disk_bytes = disk->size_bytes,
		.sector_bytes = disk->sector_bytes,
		.architecture = find_guest(manifest, needs),
	};
	int r = planner_layout(config, manifest, needs->on_xen, &plan.layout, err);

	snprintf(plan.disk_path, sizeof(plan.disk_path), "%s", disk->path);
	known.swap_bytes = config->swap_bytes;
	known.boot_bytes = planner_boot_bytes(manifest, plan.layout);
	if (manifest && !known.files)
		known.files = manifest->files;
	if (r < 0)
		return r;
	r = set_system(&plan, config, manifest, err);
	if (r < 0)
		return r;
	r = check_architecture(&plan, needs, err);
	if (r < 0)
		return r;
	r = check_plan_size(&plan, disk, &known, err);
	if (r < 0)
		return r;
	r = check_layout(&plan, config, needs->unmounted, err);
	if (r < 0)
		return r;
	r = set_boot_disk(&plan, boot_disk, err);
	if (r < 0)
		return r;
	snprintf(plan.keys_user, sizeof(plan.keys_user), "%s", config->keys_user);
	r = planner_choose_host_keys(config, manifest, &plan, err);
	if (r < 0)
		return r;
	uuid_derive(seed, "directory hash", plan.hash_seed);
	lay_out(&plan, labels_find_boot(manifest, plan.layout), config->swap_bytes, seed);
	labels_set(&plan, config, manifest, seed);
	r = check_guest(&plan, config, manifest, known.firmware, err);
	if (r < 0)
		return r;
	*ret = plan;
	return 0;
}
