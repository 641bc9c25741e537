/* SPDX-License-Identifier: MIT */
/* Proves which disk is taken, and with which code and words every other machine is refused: by
 * select for all disks (the types are those of choice), and by classify for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/classify.h"
#include "plan/select.h"

#define SYSTEM "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"

#define DISK_OF(n, size, ...)                                                                      \
	{                                                                                          \
		.name = n, .path = "/dev/" n, .size_bytes = size, .sector_bytes = 512, __VA_ARGS__ \
	}
#define DISK(n, ...)   DISK_OF(n, 4 * GIB, __VA_ARGS__)
#define BLANK(n)       DISK(n, .serial = "")
#define KEY_DRIVE(n)   DISK_OF(n, 2949120, .key_drive = true, .read_only = true, .signature = "vfat")
#define SIGNED(n, sig) DISK(n, .signature = sig, .nonzero = true)
#define LABELLED(n, place, text)                                                                   \
	DISK(n, .signature = "ext4", .nonzero = true,                                              \
		.labels = { { .where = place, .label = text } }, .label_count = 1)
#define MARKED(n, l, ...) DISK(n, .nonzero = true, .marks = { [l] = { __VA_ARGS__ } })
#define INSTALLED(n)                                                                               \
	DISK(n, .table = "gpt", .nonzero = true,                                                   \
		.labels = { { .where = n "2", .label = "ESP" },                                    \
			{ .where = n "3", .label = "nixos" } },                                    \
		.label_count = 2,                                                                  \
		.marks = { [LAYOUT_GPT] = { .state = MARK_INSTALLED, .system = SYSTEM } })
#define CDROM(n) DISK_OF(n, 50 * MIB, .cdrom = true, .medium = true, .read_only = true)
#define IMAGE(...)                                                                                 \
	{                                                                                          \
		.name = "guest.img", .path = "/srv/guest.img", .size_bytes = 4 * GIB,              \
		.sector_bytes = 512, .image_file = true, __VA_ARGS__                               \
	}
#define INSTALLED_AS(text) MARKED("vda", LAYOUT_GPT, .state = MARK_INSTALLED, .system = text)

#define EMULATED(n)	 DISK(n, .vendor = "QEMU", .model = "QEMU HARDDISK")
#define EMULATED_NVME(n) DISK(n, .model = "QEMU NVMe Ctrl")
#define PHYSICAL(n, ...) DISK(n, .vendor = "ATA", .model = "WDC WD40EFRX-68N", __VA_ARGS__)

#define A	    "0123456789abcdef"
#define B	    "fedcba9876543210"
#define TOKEN(n, t) DISK(n, .signature = "xfs", .nonzero = true, .wipe_token = t)

#define BOOT(n) DISK_OF(n, 500 * MIB, .serial = "")
#define UNFINISHED(n, text)                                                                        \
	DISK(n, .signature = "ext4", .nonzero = true, .labels = { { n, text, ROOT_UUID, 0 } },     \
		.label_count = 1,                                                                  \
		.marks = { [LAYOUT_PYGRUB] = { .state = MARK_UNFINISHED, .fs_uuid = ROOT_UUID } })

#define GUID	  "01234567-89AB-4CDE-8F01-23456789ABCD"
#define ROOT_UUID "76543210-89ab-4cde-8f01-23456789abcd"
#define BEGUN	  .state = MARK_UNFINISHED, .table_id = GUID, .fs_uuid = ROOT_UUID
#define BEGUN_MBR .state = MARK_UNFINISHED, .table_id = "0x12ab34cd", .fs_uuid = ROOT_UUID
#define OUR_TABLE .table = "gpt", .table_id = "01234567-89ab-4cde-8f01-23456789abcd"

#define PYGRUB .layout = LAYOUT_PYGRUB

#define AUTO  .disk = "auto"
#define FORCE .wipe_force = true

struct shape {
	const char *name;
	const char *disk;
	bool wipe_force;
	const char *wipe_tokens;
	bool physical_machine;
	enum layout layout; /* 0: gpt */
	struct disk disks[5];
	int code;
	const char *taken;     /* the disk's name, where code is 0 */
	const char *boot_disk; /* NULL: auto */
	const char *boot;      /* the boot disk's name, of the layout pygrub */
	const char *says;      /* a part of the sentence, else */
};

static const struct shape shapes[] = {
	/* One blank disk */
	{ "a_lone_vda_is_taken", AUTO, .disks = { BLANK("vda") }, .taken = "vda" },
	{ "a_lone_xvda_is_taken", AUTO, .disks = { BLANK("xvda") }, .taken = "xvda" },
	{ "vda_is_taken_beside_cdrom_and_key_drive", AUTO,
		.disks = { CDROM("sr0"), BLANK("vda"), KEY_DRIVE("vdb") }, .taken = "vda" },
	{ "the_key_drive_listed_first_does_not_confuse", AUTO,
		.disks = { KEY_DRIVE("vda"), BLANK("vdb") }, .taken = "vdb" },
	{ "a_virtual_fat_hard_disk_of_504_mib_is_not_a_target", AUTO,
		.disks = { DISK_OF("vda", 504 * MIB, .key_drive = true, .table = "dos"),
			BLANK("vdb") },
		.taken = "vdb" },
	{ "a_fat_hard_disk_that_is_no_key_drive_is_not_a_target", AUTO,
		.disks = { DISK_OF("vda", 504 * MIB, .table = "dos", .nonzero = true),
			BLANK("vdb") },
		.taken = "vdb" },
	{ "a_blank_disk_is_taken_beside_one_with_data", AUTO,
		.disks = { LABELLED("vda", "vda", "data"), BLANK("vdb") }, .taken = "vdb" },
	{ "a_blank_disk_is_taken_beside_a_read_only_one", AUTO,
		.disks = { DISK("vda", .read_only = true), BLANK("vdb") }, .taken = "vdb" },
	{ "a_blank_disk_is_taken_beside_a_small_one", AUTO,
		.disks = { DISK_OF("vda", 64 * MIB, .serial = ""), BLANK("vdb") }, .taken = "vdb" },
	{ "a_blank_disk_is_taken_beside_a_usb_stick", AUTO, .disks = { BLANK("sda"), BLANK("vda") },
		.taken = "vda" },
	{ "a_disk_with_4_kib_sectors_is_taken", AUTO,
		.disks = { { .name = "vda",
			.path = "/dev/vda",
			.size_bytes = 4 * GIB,
			.sector_bytes = 4096 } },
		.taken = "vda" },
	{ "vdaa_is_a_whole_disk", AUTO, .disks = { BLANK("vdaa") }, .taken = "vdaa" },

	/* No disk */
	{ "a_machine_without_disks_is_refused", AUTO, .disks = { { .name = "" } },
		.code = EXIT_NO_DISK, .says = "the machine has none" },
	{ "a_machine_with_a_cdrom_only_is_refused", AUTO, .disks = { CDROM("sr0") },
		.code = EXIT_NO_DISK, .says = "sr0 (50.0 MiB) is the medium" },
	{ "a_lone_key_drive_is_never_the_target", AUTO, .disks = { KEY_DRIVE("vda") },
		.code = EXIT_NO_DISK, .says = "vda (2.8 MiB) is the key drive" },
	{ "a_disk_without_a_model_is_taken_only_if_it_is_named", AUTO, .disks = { BLANK("sda") },
		.code = EXIT_NO_DISK,
		.says = "sda (4.0 GiB) is of no known hypervisor, so it is taken only if it is named [disk=/dev/sda]. Give" },
	{ "a_passed_through_disk_is_taken_only_if_it_is_named", AUTO, .disks = { PHYSICAL("sda") },
		.code = EXIT_NO_DISK,
		.says = "sda (4.0 GiB) is of no known hypervisor (ATA WDC WD40EFRX-68N), so it is taken only if it is named [disk=/dev/sda]" },
	{ "a_passed_through_disk_with_data_needs_force_as_well", AUTO,
		.disks = { PHYSICAL("sda", .serial = "WD-7", .signature = "xfs", .nonzero = true) },
		.code = EXIT_NO_DISK, .says = "[disk=serial:WD-7 wipe=force]" },
	{ "a_passed_through_nvme_disk_is_taken_only_if_it_is_named", AUTO,
		.disks = { DISK("nvme0n1", .model = "Samsung SSD 990 PRO 2TB") },
		.code = EXIT_NO_DISK, .says = "(Samsung SSD 990 PRO 2TB)" },
	{ "a_usb_disk_is_taken_only_if_it_is_named", AUTO,
		.disks = { DISK("sda", .vendor = "QEMU", .model = "QEMU HARDDISK", .usb = true) },
		.code = EXIT_NO_DISK, .says = "sda (4.0 GiB) is a USB disk (QEMU QEMU HARDDISK)" },
	{ "a_removable_disk_is_taken_only_if_it_is_named", AUTO,
		.disks = { DISK(
			"sda", .vendor = "QEMU", .model = "QEMU HARDDISK", .removable = true) },
		.code = EXIT_NO_DISK, .says = "sda (4.0 GiB) is removable" },
	{ "an_emulated_disk_of_a_physical_machine_is_taken_only_if_it_is_named", AUTO,
		.physical_machine = true, .disks = { EMULATED("sda") }, .code = EXIT_NO_DISK,
		.says = "is a disk of a physical machine" },
	{ "a_lone_emulated_sda_is_taken", AUTO, .disks = { EMULATED("sda") }, .taken = "sda" },
	{ "a_lone_emulated_nvme_disk_is_taken", AUTO, .disks = { EMULATED_NVME("nvme0n1") },
		.taken = "nvme0n1" },
	{ "an_emulated_sda_is_taken_beside_usb_and_physical_disks", AUTO,
		.disks = { PHYSICAL("sda"), EMULATED("sdb"),
			DISK("sdc", .vendor = "QEMU", .model = "QEMU HARDDISK", .usb = true) },
		.taken = "sdb" },
	{ "a_read_only_emulated_disk_is_refused", AUTO,
		.disks = { DISK(
			"sda", .vendor = "QEMU", .model = "QEMU HARDDISK", .read_only = true) },
		.code = EXIT_NO_DISK, .says = "sda (4.0 GiB) is read-only" },
	{ "a_partition_given_as_a_disk_by_xen_is_not_a_whole_disk", AUTO,
		.disks = { BLANK("xvda1") }, .code = EXIT_NO_DISK,
		.says = "is not a kind of disk to install on" },
	{ "an_mmc_card_is_no_target_even_by_name", .disk = "/dev/mmcblk0",
		.disks = { BLANK("mmcblk0") }, .code = EXIT_NO_DISK,
		.says = "is not a kind of disk to install on" },
	{ "a_mounted_disk_is_out", AUTO, .disks = { DISK("vda", .used_by = "mounted on /mnt") },
		.code = EXIT_NO_DISK, .says = "is mounted on /mnt" },
	{ "a_held_disk_is_out", AUTO, .disks = { DISK("vda", .used_by = "held by dm-0") },
		.code = EXIT_NO_DISK, .says = "is held by dm-0" },
	{ "an_unreadable_disk_is_out", AUTO, .disks = { DISK("vda", .unreadable = "I/O error") },
		.code = EXIT_NO_DISK, .says = "cannot be read (I/O error)" },

	{ "a_cdrom_drive_with_another_disc_is_no_target_even_by_name", .disk = "/dev/sr1",
		.disks = { DISK_OF("sr1", 4 * GIB, .cdrom = true) }, .code = EXIT_NO_DISK,
		.says = "sr1 (4.0 GiB) is a CD-ROM drive. Name" },
	{ "a_name_without_letters_is_no_disk", AUTO, .disks = { BLANK("vd"), BLANK("sd") },
		.code = EXIT_NO_DISK,
		.says = "vd (4.0 GiB) is not a kind of disk to install on; sd (4.0 GiB) is not a kind" },
	{ "an_nvme_controller_is_no_disk", .disk = "/dev/nvme0", .disks = { BLANK("nvme0") },
		.code = EXIT_NO_DISK, .says = "is not a kind of disk to install on" },
	{ "an_nvme_name_without_numbers_is_no_disk", AUTO,
		.disks = { BLANK("nvmen1"), BLANK("nvme0n"), BLANK("nvme0n1p1") },
		.code = EXIT_NO_DISK,
		.says = "nvmen1 (4.0 GiB) is not a kind of disk to install on; nvme0n (4.0 GiB) is not a kind" },

	/* Several */
	{ "two_blank_disks_are_refused", AUTO, .disks = { BLANK("vda"), BLANK("vdb") },
		.code = EXIT_SEVERAL_DISKS,
		.says = "vda (4.0 GiB) is blank [disk=/dev/vda]; vdb (4.0 GiB) is blank [disk=/dev/vdb]. Name" },
	{ "two_blank_emulated_disks_are_refused", AUTO,
		.disks = { EMULATED("sda"), EMULATED_NVME("nvme0n1") }, .code = EXIT_SEVERAL_DISKS,
		.says = "sda (4.0 GiB) is blank [disk=/dev/sda]; nvme0n1 (4.0 GiB) is blank [disk=/dev/nvme0n1]" },
	{ "a_serial_number_is_the_better_name", AUTO,
		.disks = { DISK("sda", .vendor = "QEMU", .model = "QEMU HARDDISK", .serial = "A"),
			DISK("sdb", .vendor = "QEMU", .model = "QEMU HARDDISK", .serial = "A"),
			DISK("sdc", .vendor = "QEMU", .model = "QEMU HARDDISK", .serial = "C"),
			DISK("sdd", .vendor = "QEMU", .model = "QEMU HARDDISK", .serial = "D e") },
		.code = EXIT_SEVERAL_DISKS,
		.says = "sda (4.0 GiB) is blank [disk=/dev/sda]; sdb (4.0 GiB) is blank [disk=/dev/sdb]; sdc (4.0 GiB) is blank [disk=serial:C]; sdd (4.0 GiB) is blank [disk=/dev/sdd]" },
	{ "a_blank_virtio_and_a_blank_xen_disk_are_refused", AUTO,
		.disks = { BLANK("vda"), BLANK("xvda") }, .code = EXIT_SEVERAL_DISKS,
		.says = "disk=" },

	/* Content */
	{ "an_ext4_disk_is_refused", AUTO,
		.disks = { LABELLED("vda", "vda", "data"), KEY_DRIVE("vdb") },
		.code = EXIT_NOT_BLANK,
		.says = "vda (4.0 GiB) holds an ext4 file system labelled data [disk=/dev/vda wipe=force]; vdb (2.8 MiB) is "
			"the "
			"key drive. Give the machine one blank disk, or use the setting in" },
	{ "a_backup_gpt_alone_is_content", AUTO, .disks = { DISK("vda", .table = "gpt") },
		.code = EXIT_NOT_BLANK, .says = "holds a partition table (GPT)" },
	{ "an_mbr_with_a_labelled_partition_is_content", AUTO,
		.disks = { DISK("vda", .table = "dos",
			.labels = { { .where = "vda1", .label = "home" } }, .label_count = 1) },
		.code = EXIT_NOT_BLANK, .says = "(MBR) with vda1 labelled home" },
	{ "a_table_of_another_kind_is_content", AUTO, .disks = { DISK("vda", .table = "sun") },
		.code = EXIT_NOT_BLANK, .says = "holds a partition table (sun)" },
	{ "a_file_system_that_has_no_label_is_content", AUTO,
		.disks = { DISK("vda", .table = "dos", .labels = { { .where = "vda1" } },
			.label_count = 1) },
		.code = EXIT_NOT_BLANK, .says = "holds a partition table (MBR) [disk=" },
	{ "a_file_system_in_no_table_is_content", AUTO,
		.disks = { DISK("vda", .labels = { { .where = "vda1" } }, .label_count = 1) },
		.code = EXIT_NOT_BLANK, .says = "holds a file system (vda1) [disk=" },
	{ "an_image_file_with_content_is_refused_with_the_setting_that_takes_it",
		.disk = "/srv/guest.img", .disks = { IMAGE(.signature = "xfs") },
		.code = EXIT_NOT_BLANK,
		.says = "/srv/guest.img (4.0 GiB) holds an xfs file system [wipe=force]. Say" },
	{ "random_bytes_are_content", AUTO, .disks = { DISK("vda", .nonzero = true) },
		.code = EXIT_NOT_BLANK, .says = "holds data (at byte 0)" },
	{ "one_sector_in_the_middle_is_content", AUTO,
		.disks = { DISK("vda", .nonzero = true, .nonzero_offset_bytes = 2 * GIB) },
		.code = EXIT_NOT_BLANK, .says = "holds data (at byte 2147483648)" },
	{ "a_file_system_without_a_table_is_content", AUTO,
		.disks = { DISK("vda", .nonzero = true,
			.starts = { { "ext4", "precious", ROOT_UUID, 3 * MIB } },
			.start_count = 1) },
		.code = EXIT_NOT_BLANK,
		.says = "holds an ext4 file system labelled precious at byte 3145728 and no partition table" },
	{ "an_lvm_volume_without_a_table_is_content", AUTO,
		.disks = { DISK("vda", .nonzero = true,
			.starts = { { "LVM2_member", "", "x", MIB } }, .start_count = 1) },
		.code = EXIT_NOT_BLANK,
		.says = "holds an LVM physical volume at byte 1048576 and no" },
	{ "an_lvm_volume_is_content", AUTO, .disks = { SIGNED("vda", "LVM2_member") },
		.code = EXIT_NOT_BLANK, .says = "holds an LVM physical volume" },
	{ "a_raid_member_is_content", AUTO, .disks = { SIGNED("vda", "linux_raid_member") },
		.code = EXIT_NOT_BLANK, .says = "holds a part of a RAID array" },
	{ "a_firmware_raid_member_is_content", AUTO, .disks = { SIGNED("vda", "isw_raid_member") },
		.code = EXIT_NOT_BLANK, .says = "holds a part of an array (isw_raid_member)" },
	{ "luks_is_content", AUTO, .disks = { SIGNED("vda", "crypto_LUKS") },
		.code = EXIT_NOT_BLANK, .says = "holds a LUKS container" },
	{ "a_zfs_member_is_content", AUTO, .disks = { SIGNED("vda", "zfs_member") },
		.code = EXIT_NOT_BLANK, .says = "holds a part of a ZFS pool" },
	{ "btrfs_is_content", AUTO, .disks = { SIGNED("vda", "btrfs") }, .code = EXIT_NOT_BLANK,
		.says = "holds a btrfs file system" },
	{ "bcache_is_content", AUTO, .disks = { SIGNED("vda", "bcache") }, .code = EXIT_NOT_BLANK,
		.says = "holds a bcache device" },
	{ "swap_is_content", AUTO, .disks = { SIGNED("vda", "swap") }, .code = EXIT_NOT_BLANK,
		.says = "holds swap space" },
	{ "an_iso_image_is_content", AUTO, .disks = { SIGNED("vda", "iso9660") },
		.code = EXIT_NOT_BLANK, .says = "holds an ISO 9660 file system" },
	{ "two_disks_with_content_are_refused", AUTO,
		.disks = { SIGNED("vda", "swap"), SIGNED("vdb", "btrfs") }, .code = EXIT_NOT_BLANK,
		.says = "holds swap space [disk=/dev/vda wipe=force]; vdb (4.0 GiB) holds a btrfs" },
	{ "content_named_without_force_is_refused", .disk = "/dev/vda",
		.disks = { SIGNED("vda", "swap") }, .code = EXIT_NOT_BLANK,
		.says = "/dev/vda cannot be taken: vda (4.0 GiB) holds swap" },
	{ "content_named_with_force_is_taken", .disk = "/dev/vda", FORCE,
		.disks = { SIGNED("vda", "swap"), SIGNED("vdb", "swap") }, .taken = "vda" },
	{ "the_only_disk_is_taken_by_force", AUTO, FORCE,
		.disks = { SIGNED("vda", "swap"), KEY_DRIVE("vdb") }, .taken = "vda" },
	{ "force_does_not_guess_between_two_disks", AUTO, FORCE,
		.disks = { SIGNED("vda", "swap"), SIGNED("vdb", "swap") },
		.code = EXIT_SEVERAL_DISKS, .says = "wipe=force without a disk's name" },
	{ "force_does_not_guess_beside_a_blank_disk", AUTO, FORCE,
		.disks = { SIGNED("vda", "swap"), BLANK("vdb") }, .code = EXIT_SEVERAL_DISKS,
		.says = "there are several" },
	{ "force_takes_the_only_blank_disk", AUTO, FORCE, .disks = { BLANK("vda") },
		.taken = "vda" },
	{ "force_finds_no_disk_either", AUTO, FORCE, .disks = { CDROM("sr0") },
		.code = EXIT_NO_DISK, .says = "No disk" },
	{ "force_does_not_take_a_mounted_disk", .disk = "/dev/vda", FORCE,
		.disks = { DISK("vda", .used_by = "mounted on /") }, .code = EXIT_NO_DISK,
		.says = "is mounted on /" },
	{ "force_does_not_take_a_read_only_disk", .disk = "/dev/vda", FORCE,
		.disks = { DISK("vda", .read_only = true) }, .code = EXIT_NO_DISK,
		.says = "is read-only" },
	{ "force_does_not_take_the_medium", .disk = "/dev/vda", FORCE,
		.disks = { DISK("vda", .medium = true, .signature = "iso9660") },
		.code = EXIT_NO_DISK, .says = "is the medium" },
	{ "force_does_not_take_the_key_drive", .disk = "/dev/vda", FORCE,
		.disks = { DISK("vda", .key_drive = true) }, .code = EXIT_NO_DISK,
		.says = "is the key drive" },

	/* Marks */
	{ "an_installed_disk_is_refused", AUTO, .disks = { INSTALLED("vda") },
		.code = EXIT_ALREADY_INSTALLED, .says = "has nixos-system-guest-26.05 installed" },
	{ "the_refusal_says_to_detach_the_iso", AUTO, .disks = { INSTALLED("vda") },
		.code = EXIT_ALREADY_INSTALLED, .says = "Detach the installer's ISO" },
	{ "an_installed_disk_is_refused_beside_a_blank_one", AUTO,
		.disks = { INSTALLED("vda"), BLANK("vdb") }, .code = EXIT_ALREADY_INSTALLED,
		.says = "already installed" },
	{ "an_installed_disk_is_refused_by_force", AUTO, FORCE, .disks = { INSTALLED("vda") },
		.code = EXIT_ALREADY_INSTALLED, .says = "already installed" },
	{ "an_installed_disk_is_refused_by_name_and_force", .disk = "/dev/vda", FORCE,
		.disks = { INSTALLED("vda") }, .code = EXIT_ALREADY_INSTALLED,
		.says = "already installed" },
	{ "an_installed_image_file_is_refused", .disk = "/srv/guest.img", FORCE,
		.disks = { IMAGE(.marks = { [LAYOUT_GPT] = { .state = MARK_INSTALLED,
						    .system = SYSTEM } }) },
		.code = EXIT_ALREADY_INSTALLED,
		.says = "The image is already installed: /srv/guest.img (4.0 GiB) has nixos-system-guest-26.05 installed by us. To install anew, make a new file" },
	{ "a_mark_with_a_short_name_is_named_whole", AUTO, .disks = { INSTALLED_AS("nixos") },
		.code = EXIT_ALREADY_INSTALLED, .says = "has nixos installed by us" },
	{ "a_mark_with_a_long_name_without_a_hash_is_named_whole", AUTO,
		.disks = { INSTALLED_AS("/nix/store/nixos-system-guest-26.05-of-another-program") },
		.code = EXIT_ALREADY_INSTALLED,
		.says = "has nixos-system-guest-26.05-of-another-program installed by us" },
	{ "an_install_of_another_layout_is_refused_too", .disk = "/dev/vda", FORCE,
		.layout = LAYOUT_BIOS, .disks = { INSTALLED("vda") },
		.code = EXIT_ALREADY_INSTALLED, .says = "already installed" },
	{ "a_small_installed_disk_is_called_installed", AUTO,
		.disks = { DISK_OF("vda", 1 * GIB,
			.marks = { [LAYOUT_BIOS] = { .state = MARK_INSTALLED,
					   .system = SYSTEM } }) },
		.code = EXIT_ALREADY_INSTALLED, .says = "already installed" },
	{ "our_unfinished_mark_on_a_bare_disk_is_ours_to_take_again", AUTO,
		.disks = { MARKED("vda", LAYOUT_GPT, BEGUN) }, .taken = "vda" },
	{ "our_unfinished_install_is_ours_to_take_again", AUTO,
		.disks = { DISK("vda", OUR_TABLE, .nonzero = true,
			.labels = { { "vda2", "ESP", "", 2 * MIB },
				{ "vda3", "nixos", ROOT_UUID, 514 * MIB } },
			.label_count = 2, .marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.taken = "vda" },
	{ "a_half_made_file_system_behind_a_blank_boot_sector_is_ours", AUTO,
		.disks = { DISK("vda", OUR_TABLE, .nonzero = true, .nonzero_offset_bytes = 512,
			.labels = { { "vda2", "", "ABCD-0123", 2 * MIB } }, .label_count = 1,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.taken = "vda" },
	{ "a_nameless_file_system_behind_an_boot_sector_is_content", AUTO,
		.disks = { DISK("vda", OUR_TABLE, .nonzero = true, .nonzero_offset_bytes = 446,
			.labels = { { "vda2", "", "ABCD-0123", 2 * MIB } }, .label_count = 1,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "holds a partition table (GPT)" },
	{ "a_foreign_label_behind_a_blank_boot_sector_is_content", AUTO,
		.disks = { DISK("vda", OUR_TABLE, .nonzero = true, .nonzero_offset_bytes = 512,
			.labels = { { "vda2", "home", "", MIB } }, .label_count = 1,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "with vda2 labelled home" },
	{ "an_unfinished_disk_and_a_blank_one_are_two", AUTO,
		.disks = { MARKED("vda", LAYOUT_GPT, BEGUN), BLANK("vdb") },
		.code = EXIT_SEVERAL_DISKS,
		.says = "holds an unfinished install of ours [disk=/dev/vda]; vdb" },
	{ "an_unfinished_mark_below_somebodys_file_system_is_content", AUTO,
		.disks = { DISK("vda", .signature = "xfs", .nonzero = true,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "holds an xfs file system" },
	{ "an_unfinished_mark_among_somebodys_partitions_is_content", AUTO,
		.disks = { DISK("vda", OUR_TABLE, .nonzero = true,
			.labels = { { "vda1", "home", "", MIB } }, .label_count = 1,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "with vda1 labelled home" },
	{ "an_unfinished_mark_behind_another_table_is_content", AUTO,
		.disks = { DISK("vda", .table = "dos", .nonzero = true,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "holds a partition table (MBR)" },
	{ "an_unfinished_bios_install_is_taken_again", AUTO, .layout = LAYOUT_BIOS,
		.disks = { DISK("vda", .table = "dos", .table_id = "12ab34cd", .nonzero = true,
			.labels = { { "vda1", "nixos", ROOT_UUID, MIB } }, .label_count = 1,
			.marks = { [LAYOUT_BIOS] = { BEGUN_MBR } }) },
		.taken = "vda" },
	{ "an_unfinished_bios_install_without_its_boot_sector_is_taken_again", AUTO,
		.layout = LAYOUT_BIOS,
		.disks = { DISK("vda", .nonzero = true, .nonzero_offset_bytes = MIB,
			.starts = { { "ext4", "nixos", ROOT_UUID, MIB } }, .start_count = 1,
			.marks = { [LAYOUT_BIOS] = { BEGUN_MBR } }) },
		.taken = "vda" },
	{ "another_file_system_at_the_place_of_the_root_is_content", AUTO, .layout = LAYOUT_BIOS,
		.disks = { DISK("vda", .nonzero = true, .nonzero_offset_bytes = MIB,
			.starts = { { "ext4", "nixos", "76543210-89ab-4cde-8f01-000000000000",
				MIB } },
			.start_count = 1, .marks = { [LAYOUT_BIOS] = { BEGUN_MBR } }) },
		.code = EXIT_NOT_BLANK, .says = "holds an unfinished install of another layout" },
	{ "a_new_table_above_an_unfinished_mark_is_content", AUTO, .layout = LAYOUT_BIOS,
		.disks = { DISK("vda", .table = "dos", .table_id = "12ab34ce", .nonzero = true,
			.marks = { [LAYOUT_BIOS] = { BEGUN_MBR } }) },
		.code = EXIT_NOT_BLANK, .says = "holds a partition table (MBR)" },
	{ "a_root_with_our_label_and_another_uuid_is_content", AUTO,
		.disks = { DISK("vda", OUR_TABLE, .nonzero = true,
			.labels = { { "vda3", "nixos", GUID, 514 * MIB } }, .label_count = 1,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "with vda3 labelled nixos" },
	{ "a_root_at_another_place_is_content", AUTO,
		.disks = { DISK("vda", OUR_TABLE, .nonzero = true,
			.labels = { { "vda1", "nixos", ROOT_UUID, 2 * MIB } }, .label_count = 1,
			.marks = { [LAYOUT_GPT] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "with vda1 labelled nixos" },
	{ "a_mark_of_version_1_is_not_believed", AUTO,
		.disks = { MARKED("vda", LAYOUT_GPT, .state = MARK_UNFINISHED) },
		.code = EXIT_NOT_BLANK, .says = "of an older installer" },
	{ "an_unfinished_mark_of_another_layout_is_content", AUTO,
		.disks = { MARKED("vda", LAYOUT_BIOS, BEGUN_MBR) }, .code = EXIT_NOT_BLANK,
		.says = "holds an unfinished install of another layout" },
	{ "a_damaged_mark_is_content", AUTO,
		.disks = { MARKED("vda", LAYOUT_GPT, .state = MARK_DAMAGED) },
		.code = EXIT_NOT_BLANK, .says = "holds a damaged mark" },
	{ "a_damaged_mark_gives_way_to_force", AUTO, FORCE,
		.disks = { MARKED("vda", LAYOUT_GPT, .state = MARK_DAMAGED) }, .taken = "vda" },

	/* Labels and UUIDs on other disks */
	{ "a_planned_label_on_another_disk_is_refused", AUTO,
		.disks = { BLANK("vda"), LABELLED("vdb", "vdb", "nixos") }, .code = EXIT_NOT_BLANK,
		.says = "vdb (4.0 GiB) carries the planned label nixos (vdb) [disk=/dev/vdb wipe=force]; vda" },
	{ "a_planned_label_on_the_key_drive_is_refused", AUTO,
		.disks = { BLANK("vda"), DISK_OF("vdb", 2949120, .key_drive = true,
						 .labels = { { .where = "vdb", .label = "ESP" } },
						 .label_count = 1) },
		.code = EXIT_NOT_BLANK, .says = "carries the planned label ESP" },
	{ "a_planned_uuid_on_another_disk_is_refused", AUTO,
		.disks = { BLANK("vda"),
			DISK("vdb", .table = "gpt",
				.labels = { { .where = "vdb1",
					.label = "x",
					.uuid = "ABCDEF00-0000-4000-8000-000000000001" } },
				.label_count = 1) },
		.code = EXIT_NOT_BLANK, .says = "carries the planned UUID" },
	{ "a_planned_label_on_the_target_itself_is_no_conflict", .disk = "/dev/vda", FORCE,
		.disks = { LABELLED("vda", "vda", "nixos") }, .taken = "vda" },
	{ "a_named_disk_is_refused_beside_an_installed_one_of_the_same_labels", .disk = "/dev/vdb",
		.disks = { INSTALLED("vda"), BLANK("vdb") }, .code = EXIT_NOT_BLANK,
		.says = "carries the planned label" },
	{ "an_image_file_does_not_mind_the_hosts_labels", .disk = "/srv/guest.img",
		.disks = { LABELLED("sda", "sda", "nixos"), IMAGE(.serial = "") },
		.taken = "guest.img" },
	{ "two_disks_with_planned_labels_are_refused_for_the_first", AUTO,
		.disks = { BLANK("vda"), LABELLED("vdb", "vdb", "ESP"),
			LABELLED("vdc", "vdc", "nixos") },
		.code = EXIT_NOT_BLANK,
		.says = "look for: vdb (4.0 GiB) carries the planned label ESP (vdb) [disk=/dev/vdb wipe=force]; vda" },
	{ "another_uuid_without_a_label_is_no_conflict", AUTO,
		.disks = { BLANK("vda"),
			DISK("vdb", .signature = "xfs",
				.labels = { { .where = "vdb", .uuid = GUID } }, .label_count = 1) },
		.taken = "vda" },

	/* Size */
	{ "too_small_a_disk_is_refused", AUTO, .disks = { DISK_OF("vda", 1 * GIB, .serial = "") },
		.code = EXIT_TOO_SMALL, .says = "at least 2.0 GiB are needed: vda (1.0 GiB)" },
	{ "one_byte_too_small_is_refused", AUTO,
		.disks = { DISK_OF("vda", 2 * GIB - 1, .serial = "") }, .code = EXIT_TOO_SMALL,
		.says = "vda (1.9 GiB) is too small" },
	{ "just_large_enough_is_taken", AUTO, .disks = { DISK_OF("vda", 2 * GIB, .serial = "") },
		.taken = "vda" },
	{ "too_small_a_named_disk_is_refused", .disk = "/dev/vda", FORCE,
		.disks = { DISK_OF("vda", 1 * GIB, .signature = "swap"), BLANK("vdb") },
		.code = EXIT_TOO_SMALL, .says = "/dev/vda cannot be taken" },
	{ "too_small_an_only_disk_is_refused_by_force", AUTO, FORCE,
		.disks = { DISK_OF("vda", 1 * GIB, .signature = "swap") }, .code = EXIT_TOO_SMALL,
		.says = "is too small" },

	/* Names and serial numbers */
	{ "a_named_blank_disk_is_taken_among_several", .disk = "/dev/vdb",
		.disks = { BLANK("vda"), BLANK("vdb"), BLANK("vdc") }, .taken = "vdb" },
	{ "a_serial_number_names_one_of_three", .disk = "serial:B",
		.disks = { DISK("vda", .serial = "A"), DISK("vdb", .serial = "B"),
			DISK("vdc", .serial = "C") },
		.taken = "vdb" },
	{ "a_serial_number_that_two_disks_have_is_refused", .disk = "serial:B",
		.disks = { DISK("vda", .serial = "B"), DISK("vdb", .serial = "B") },
		.code = EXIT_SEVERAL_DISKS, .says = "Several disks are serial:B" },
	{ "a_serial_number_that_no_disk_has_is_refused", .disk = "serial:X",
		.disks = { DISK("vda", .serial = "A"), BLANK("vdb") }, .code = EXIT_NO_DISK,
		.says = "There is no disk serial:X: vda" },
	{ "a_serial_number_that_the_bus_has_cut_off_names_the_disk",
		.disk = "serial:7d3c6f0e-1b7a-4a39-9c53-0123456789ab",
		.disks = { DISK("vda", .serial = "7d3c6f0e-1b7a-4a39-9"),
			DISK("vdb", .serial = "8d3c6f0e-1b7a-4a39-9") },
		.taken = "vda" },
	{ "a_serial_number_that_was_cut_off_on_two_disks_is_refused",
		.disk = "serial:7d3c6f0e-1b7a-4a39-9c53-0123456789ab",
		.disks = { DISK("vda", .serial = "7d3c6f0e-1b7a-4a39-9"),
			DISK("vdb", .serial = "7d3c6f0e-1b7a-4a39-9") },
		.code = EXIT_SEVERAL_DISKS, .says = "Several disks are serial:7d3c" },
	{ "a_shorter_serial_number_was_not_cut_off",
		.disk = "serial:7d3c6f0e-1b7a-4a39-9c53-0123456789ab",
		.disks = { DISK("vda", .serial = "7d3c6f0e-1b7a-4a39-") }, .code = EXIT_NO_DISK,
		.says = "There is no disk serial:7d3c" },
	{ "nvme_cuts_off_a_serial_number", .disk = "serial:7d3c6f0e-1b7a-4a39-9c53-0123456789ab",
		.disks = { DISK("nvme0n1", .serial = "7d3c6f0e-1b7a-4a39-9") },
		.taken = "nvme0n1" },
	{ "ata_cuts_off_a_serial_number", .disk = "serial:7d3c6f0e-1b7a-4a39-9c53-0123456789ab",
		.disks = { DISK("sda", .vendor = "ATA", .serial = "7d3c6f0e-1b7a-4a39-9") },
		.taken = "sda" },
	{ "scsi_cuts_off_no_serial_number", .disk = "serial:7d3c6f0e-1b7a-4a39-9c53-0123456789ab",
		.disks = { DISK("sda", .vendor = "QEMU", .serial = "7d3c6f0e-1b7a-4a39-9") },
		.code = EXIT_NO_DISK, .says = "There is no disk serial:7d3c" },
	{ "a_part_of_a_serial_number_names_nothing", .disk = "serial:AB",
		.disks = { DISK("vda", .serial = "ABC") }, .code = EXIT_NO_DISK,
		.says = "no disk" },
	{ "a_path_that_is_not_there_is_refused", .disk = "/dev/vdz", .disks = { BLANK("vda") },
		.code = EXIT_NO_DISK, .says = "There is no disk /dev/vdz" },
	{ "sda_is_taken_by_name", .disk = "/dev/sda", .disks = { BLANK("sda"), BLANK("vda") },
		.taken = "sda" },
	{ "sda_is_taken_by_serial_number", .disk = "serial:S",
		.disks = { DISK("sda", .serial = "S") }, .taken = "sda" },
	{ "nvme_is_taken_by_name", .disk = "/dev/nvme0n1", .disks = { BLANK("nvme0n1") },
		.taken = "nvme0n1" },
	{ "an_nvme_partition_is_not_taken_by_name", .disk = "/dev/nvme0n1p1",
		.disks = { BLANK("nvme0n1p1") }, .code = EXIT_NO_DISK,
		.says = "not a kind of disk" },
	{ "sda1_is_not_taken_by_name", .disk = "/dev/sda1", .disks = { BLANK("sda1") },
		.code = EXIT_NO_DISK, .says = "not a kind of disk" },

	{ "a_disk_is_taken_by_a_name_of_udev", .disk = "/dev/disk/by-id/virtio-S1",
		.disks = { DISK("vda", .serial = "S2"), DISK("vdb", .serial = "S1") },
		.taken = "vdb" },

	/* Sizes */
	{ "a_size_chooses_one_of_several_blank_disks", .disk = "size:>8G",
		.disks = { BLANK("vda"), DISK_OF("vdb", 16 * GIB, .serial = "") }, .taken = "vdb" },
	{ "a_size_that_two_blank_disks_have_is_refused", .disk = "size:>=4G",
		.disks = { BLANK("vda"), DISK_OF("vdb", 16 * GIB, .serial = "") },
		.code = EXIT_SEVERAL_DISKS, .says = "vdb (16.0 GiB) is blank [disk=/dev/vdb]" },
	{ "a_size_that_no_disk_has_is_refused", .disk = "size:<3G", .disks = { BLANK("vda") },
		.code = EXIT_NO_DISK,
		.says = "vda (4.0 GiB) is not as large as disk=size:<3G says [disk=/dev/vda]" },
	{ "a_size_does_not_allow_to_overwrite", .disk = "size:=4G",
		.disks = { SIGNED("vda", "xfs"), DISK_OF("vdb", 16 * GIB, .serial = "") },
		.code = EXIT_NOT_BLANK, .says = "vda (4.0 GiB) holds an xfs file system" },
	{ "a_size_with_force_takes_the_only_disk_of_that_size", .disk = "size:=4G", FORCE,
		.disks = { SIGNED("vda", "xfs"), DISK_OF("vdb", 16 * GIB, .serial = "") },
		.taken = "vda" },
	{ "a_size_does_not_hide_an_installed_guest", .disk = "size:>8G",
		.disks = { INSTALLED("vda"), DISK_OF("vdb", 16 * GIB, .serial = "") },
		.code = EXIT_ALREADY_INSTALLED, .says = "already installed" },
	{ "the_smallest_blank_disk_is_taken", .disk = "smallest",
		.disks = { DISK_OF("vda", 16 * GIB, .serial = ""), BLANK("vdb"),
			DISK_OF("vdc", 3 * GIB, .signature = "xfs"),
			DISK_OF("vdd", 1 * GIB, .serial = "") },
		.taken = "vdb" },
	{ "the_largest_blank_disk_is_taken", .disk = "largest",
		.disks = { BLANK("vda"), DISK_OF("vdb", 16 * GIB, .serial = ""),
			DISK_OF("vdc", 32 * GIB, .signature = "xfs"), BLANK("vdd") },
		.taken = "vdb" },
	{ "two_smallest_disks_are_refused", .disk = "smallest",
		.disks = { DISK_OF("vda", 16 * GIB, .serial = ""), BLANK("vdb"), BLANK("vdc") },
		.code = EXIT_SEVERAL_DISKS,
		.says = "Several blank disks are the smallest: vdb (4.0 GiB)" },
	{ "two_largest_disks_are_refused", .disk = "largest",
		.disks = { DISK_OF("vda", 3 * GIB, .serial = ""), BLANK("vdb"), BLANK("vdc") },
		.code = EXIT_SEVERAL_DISKS, .says = "Several blank disks are the largest: vdb" },
	{ "a_size_that_is_none_fits_no_disk", .disk = "size:large", .disks = { BLANK("vda") },
		.code = EXIT_NO_DISK, .says = "is not as large as disk=size:large says" },
	{ "two_smaller_ones_do_not_matter_to_the_largest", .disk = "largest",
		.disks = { BLANK("vda"), BLANK("vdb"), DISK_OF("vdc", 16 * GIB, .serial = "") },
		.taken = "vdc" },
	{ "the_largest_disk_with_data_is_not_taken", .disk = "largest",
		.disks = { SIGNED("vda", "xfs") }, .code = EXIT_NOT_BLANK, .says = "holds an xfs" },
	{ "a_size_says_nothing_of_a_pair", .disk = "smallest", PYGRUB,
		.disks = { BOOT("xvda"), BLANK("xvdb") }, .code = EXIT_CONFIGURATION,
		.says = "smallest and largest name none: xvda" },

	/* Tokens */
	{ "the_refusal_prints_the_token", AUTO, .disks = { TOKEN("vda", A) },
		.code = EXIT_NOT_BLANK, .says = "[disk=/dev/vda wipe=" A "]" },
	{ "the_disk_of_the_token_is_taken", AUTO, .wipe_tokens = A,
		.disks = { SIGNED("vda", "xfs"), TOKEN("vdb", A), TOKEN("vdc", B) },
		.taken = "vdb" },
	{ "the_disk_of_the_token_is_taken_beside_a_blank_one", AUTO, .wipe_tokens = A,
		.disks = { BLANK("vda"), TOKEN("vdb", A) }, .taken = "vdb" },
	{ "a_named_disk_is_taken_by_its_token", .disk = "/dev/vda", .wipe_tokens = A,
		.disks = { TOKEN("vda", A) }, .taken = "vda" },
	{ "a_named_disk_is_not_taken_by_the_token_of_another", .disk = "/dev/vda", .wipe_tokens = A,
		.disks = { TOKEN("vda", B), TOKEN("vdb", A) }, .code = EXIT_NOT_BLANK,
		.says = "vda (4.0 GiB) holds an xfs file system [disk=/dev/vda wipe=" B "]" },
	{ "a_token_of_another_content_takes_nothing", AUTO, .wipe_tokens = A,
		.disks = { TOKEN("vda", B) }, .code = EXIT_NOT_BLANK, .says = "wipe=" B },
	{ "a_token_that_two_disks_have_is_refused", AUTO, .wipe_tokens = A,
		.disks = { TOKEN("vda", A), TOKEN("vdb", A) }, .code = EXIT_SEVERAL_DISKS,
		.says = "wipe=TOKEN means several disks" },
	{ "a_token_is_not_for_an_installed_disk", AUTO, .wipe_tokens = A,
		.disks = { DISK("vda", .table = "gpt", .wipe_token = A,
			.marks = { [LAYOUT_GPT] = { .state = MARK_INSTALLED,
					   .system = SYSTEM } }) },
		.code = EXIT_ALREADY_INSTALLED, .says = "already installed" },
	{ "a_token_is_not_for_a_usb_disk_that_is_not_named", AUTO, .wipe_tokens = A,
		.disks = { DISK("sda", .signature = "xfs", .usb = true, .wipe_token = A) },
		.code = EXIT_NO_DISK, .says = "is a USB disk" },
	{ "a_token_is_of_no_use_to_a_blank_disk", AUTO, .wipe_tokens = A,
		.disks = { BLANK("vda"), BLANK("vdb") }, .code = EXIT_SEVERAL_DISKS,
		.says = "Several disks are blank" },
	{ "a_used_token_does_not_prevent_that_an_unfinished_install_is_taken_again", AUTO,
		.wipe_tokens = A, .disks = { MARKED("vda", LAYOUT_GPT, BEGUN) }, .taken = "vda" },
	{ "two_tokens_take_a_pair", AUTO, PYGRUB, .wipe_tokens = A "," B,
		.disks = { TOKEN("xvda", A), TOKEN("xvdb", B) }, .taken = "xvdb", .boot = "xvda" },
	{ "one_token_takes_no_pair", AUTO, PYGRUB, .wipe_tokens = A,
		.disks = { TOKEN("xvda", A), TOKEN("xvdb", B) }, .code = EXIT_NOT_BLANK,
		.says = "xvdb cannot be taken" },

	/* Two disks */
	{ "pygrub_takes_xvda_and_xvdb", AUTO, PYGRUB, .disks = { BOOT("xvda"), BLANK("xvdb") },
		.taken = "xvdb", .boot = "xvda" },
	{ "pygrub_takes_them_beside_another_blank_one", AUTO, PYGRUB,
		.disks = { CDROM("sr0"), BOOT("xvda"), BLANK("xvdb"), BLANK("xvdc") },
		.taken = "xvdb", .boot = "xvda" },
	{ "pygrub_takes_no_virtio_disks_unnamed", AUTO, PYGRUB,
		.disks = { BOOT("vda"), BLANK("vdb") }, .code = EXIT_NO_DISK,
		.says = "The layout pygrub takes xvda and xvdb, but there is no xvdb: vda" },
	{ "pygrub_takes_the_disks_that_are_named", .disk = "/dev/vda", PYGRUB,
		.boot_disk = "serial:B", .disks = { BLANK("vda"), DISK("vdb", .serial = "B") },
		.taken = "vda", .boot = "vdb" },
	{ "pygrub_takes_a_named_root_beside_the_usual_boot_disk", .disk = "/dev/xvdc", PYGRUB,
		.disks = { BOOT("xvda"), BLANK("xvdb"), BLANK("xvdc") }, .taken = "xvdc",
		.boot = "xvda" },
	{ "a_pair_needs_two_disks", .disk = "/dev/xvda", PYGRUB, .disks = { BLANK("xvda") },
		.code = EXIT_CONFIGURATION, .says = "disk and boot-disk are one: xvda" },
	{ "a_pair_with_data_on_its_boot_disk_is_refused", AUTO, PYGRUB,
		.disks = { LABELLED("xvda", "xvda", "data"), BLANK("xvdb") },
		.code = EXIT_NOT_BLANK, .says = "xvda cannot be taken: xvda (4.0 GiB) holds" },
	{ "a_pair_with_data_on_its_root_disk_is_refused", AUTO, PYGRUB,
		.disks = { BOOT("xvda"), SIGNED("xvdb", "ext4") }, .code = EXIT_NOT_BLANK,
		.says = "xvdb cannot be taken: xvdb (4.0 GiB) holds an ext4" },
	{ "a_pair_with_data_is_taken_by_force", AUTO, PYGRUB, FORCE,
		.disks = { SIGNED("xvda", "ext4"), SIGNED("xvdb", "xfs"), CDROM("sr0") },
		.taken = "xvdb", .boot = "xvda" },
	{ "force_takes_no_two_among_three", AUTO, PYGRUB, FORCE,
		.disks = { SIGNED("xvda", "ext4"), SIGNED("xvdb", "xfs"), BLANK("xvdc") },
		.code = EXIT_SEVERAL_DISKS, .says = "takes the only two disks" },
	{ "force_takes_two_named_among_three", .disk = "/dev/xvdb", .boot_disk = "/dev/xvda",
		PYGRUB, FORCE,
		.disks = { SIGNED("xvda", "ext4"), SIGNED("xvdb", "xfs"), BLANK("xvdc") },
		.taken = "xvdb", .boot = "xvda" },
	{ "force_takes_no_two_among_three_if_one_of_them_is_named", .disk = "/dev/xvdb", PYGRUB,
		FORCE, .disks = { SIGNED("xvda", "ext4"), SIGNED("xvdb", "xfs"), BLANK("xvdc") },
		.code = EXIT_SEVERAL_DISKS, .says = "takes the only two disks" },
	{ "a_named_root_without_a_boot_disk_is_refused", .disk = "/dev/xvdb", PYGRUB,
		.disks = { BLANK("xvdb"), BLANK("xvdc") }, .code = EXIT_NO_DISK,
		.says = "takes xvda and xvdb, but there is no xvda: xvdb" },
	{ "an_image_file_called_like_the_boot_disk_is_not_the_boot_disk", .disk = "/dev/xvdb",
		PYGRUB,
		.disks = { BLANK("xvdb"), { .name = "xvda",
						  .path = "/srv/xvda",
						  .size_bytes = GIB,
						  .sector_bytes = 512,
						  .image_file = true } },
		.code = EXIT_NO_DISK, .says = "there is no xvda: xvdb" },
	{ "a_small_boot_disk_is_refused", AUTO, PYGRUB,
		.disks = { DISK_OF("xvda", 63 * MIB, .serial = ""), BLANK("xvdb") },
		.code = EXIT_TOO_SMALL, .says = "is too small, 64.0 MiB are needed" },
	{ "a_small_root_disk_is_refused", AUTO, PYGRUB, .disks = { BLANK("xvda"), BOOT("xvdb") },
		.code = EXIT_TOO_SMALL, .says = "xvdb (500.0 MiB) is too small, 2.0 GiB" },
	{ "a_pair_of_which_one_is_installed_is_refused", AUTO, PYGRUB, FORCE,
		.disks = { MARKED("xvda", LAYOUT_PYGRUB, .state = MARK_INSTALLED, .system = SYSTEM),
			BLANK("xvdb") },
		.code = EXIT_ALREADY_INSTALLED, .says = "already installed: xvda" },
	{ "an_unfinished_pair_is_taken_again", AUTO, PYGRUB,
		.disks = { UNFINISHED("xvda", "ESP"), UNFINISHED("xvdb", "nixos") },
		.taken = "xvdb", .boot = "xvda" },
	{ "an_unfinished_pair_whose_file_systems_have_no_labels_yet_is_taken_again", AUTO, PYGRUB,
		.disks = { UNFINISHED("xvda", ""), UNFINISHED("xvdb", "") }, .taken = "xvdb",
		.boot = "xvda" },
	{ "an_unfinished_disk_that_got_another_file_system_is_data", AUTO, PYGRUB,
		.disks = { UNFINISHED("xvda", "mine"), BLANK("xvdb") }, .code = EXIT_NOT_BLANK,
		.says = "holds an ext4 file system labelled mine" },
	{ "an_unfinished_disk_that_got_an_xfs_is_data", AUTO, PYGRUB,
		.disks = { BOOT("xvda"), DISK("xvdb", .signature = "xfs", .nonzero = true,
						 .marks = { [LAYOUT_PYGRUB] = { BEGUN } }) },
		.code = EXIT_NOT_BLANK, .says = "xvdb (4.0 GiB) holds an xfs file system" },
	{ "an_unfinished_disk_that_got_a_table_is_data", AUTO, PYGRUB,
		.disks = { BOOT("xvda"),
			DISK("xvdb", .table = "dos", .table_id = "01234567", .nonzero = true,
				.marks = { [LAYOUT_PYGRUB] = { .state = MARK_UNFINISHED,
						   .table_id = "0x01234567",
						   .fs_uuid = ROOT_UUID } }) },
		.code = EXIT_NOT_BLANK, .says = "xvdb (4.0 GiB) holds a partition table (MBR)" },
	{ "an_unfinished_pair_is_no_blank_disk_for_another_layout", AUTO,
		.disks = { UNFINISHED("xvdb", "nixos") }, .code = EXIT_NOT_BLANK,
		.says = "holds an ext4" },
	{ "a_boot_disk_in_use_is_refused", AUTO, PYGRUB,
		.disks = { DISK("xvda", .used_by = "mounted on /mnt"), BLANK("xvdb") },
		.code = EXIT_NO_DISK, .says = "is mounted on /mnt" },
	{ "a_third_disk_with_a_planned_label_is_refused", AUTO, PYGRUB,
		.disks = { BOOT("xvda"), BLANK("xvdb"), LABELLED("xvdc", "xvdc", "ESP") },
		.code = EXIT_NOT_BLANK, .says = "carries the planned label ESP" },
	{ "direct_takes_one_blank_disk", AUTO, .layout = LAYOUT_DIRECT,
		.disks = { BLANK("xvda"), CDROM("sr0") }, .taken = "xvda" },
};
#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))

static size_t count_disks(const struct shape *shape)
{
	size_t count = 0;

	while (count < 5 && shape->disks[count].name[0])
		count++;
	return count;
}

static struct select_request make_request(const struct shape *shape)
{
	return (struct select_request){
		.disk = shape->disk,
		.boot_disk = shape->boot_disk ? shape->boot_disk : "auto",
		.wipe_force = shape->wipe_force,
		.wipe_tokens = shape->wipe_tokens,
		.virtual_machine = !shape->physical_machine,
		.layout = shape->layout ? shape->layout : LAYOUT_GPT,
		.min_bytes = 2 * GIB,
		.labels = { "nixos", "ESP" },
		.uuids = { "abcdef00-0000-4000-8000-000000000001" },
	};
}

static void judges_as_the_table_says(void **state)
{
	const struct shape *shape = *state;
	struct select_request request = make_request(shape);
	struct selection selection = { .target = DISKS_MAX };
	struct error err = { 0 };
	size_t count = count_disks(shape);
	int r = select_target(&request, shape->disks, count, &selection, &err);

	for (size_t i = 0; i < count; i++)
		assert_true(selection.disks[i].reason[0]);
	if (shape->code == 0) {
		if (r < 0)
			fail_msg("%s", err.text);
		assert_string_equal(shape->disks[selection.target].name, shape->taken);
		assert_int_equal(selection.disks[selection.target].disk_class, DISK_TAKEN);
		if (!shape->boot) {
			assert_true(selection.boot == SIZE_MAX);
			return;
		}
		assert_string_equal(shape->disks[selection.boot].name, shape->boot);
		assert_int_equal(selection.disks[selection.boot].disk_class, DISK_TAKEN);
		return;
	}
	assert_true(r < 0);
	assert_int_equal(selection.target, DISKS_MAX);
	if (!strstr(err.text, shape->says))
		fail_msg("\"%s\" is not in \"%s\"", shape->says, err.text);
	assert_int_equal(err.code, shape->code);
	assert_null(strchr(err.text, '\n'));
	/* Every disk is in the list. */
	for (size_t i = 0; i < count; i++)
		assert_non_null(strstr(err.text, shape->disks[i].name));
}

static void sixty_four_disks_still_make_one_line_with_the_fix(void **state)
{
	static struct disk disks[DISKS_MAX];
	const struct select_request request = {
		.disk = "auto", .layout = LAYOUT_GPT, .min_bytes = GIB
	};
	struct selection selection;
	struct error err;

	(void)state;
	for (size_t i = 0; i < DISKS_MAX; i++) {
		const char name[] = { 'v', 'd', (char)('a' + i / 26), (char)('a' + i % 26), 0 };

		snprintf(disks[i].name, sizeof(disks[i].name), "%s", name);
		snprintf(disks[i].path, sizeof(disks[i].path), "/dev/%s", name);
		disks[i].size_bytes = 4 * GIB;
		memset(disks[i].labels[0].label, 'x', DISK_TEXT_BYTES - 1);
		disks[i].label_count = 1;
		strcpy(disks[i].signature, "btrfs");
	}
	assert_true(select_target(&request, disks, DISKS_MAX, &selection, &err) < 0);
	assert_int_equal(err.code, EXIT_NOT_BLANK);
	assert_in_range(strlen(err.text), 500, 950);
	assert_non_null(strstr(err.text, "; and "));
	assert_non_null(strstr(err.text, "wipe=force always)."));
}

/* A guest of layout gpt with a swap and a boot partition has four. */
static void the_last_of_four_planned_names_is_a_conflict_and_a_fifth_one_is_not(void **state)
{
	const struct select_request request = { .disk = "auto",
		.layout = LAYOUT_GPT,
		.min_bytes = GIB,
		.labels = { "nixos", "swap", "boot", "ESP" },
		.uuids = { GUID, GUID, GUID, ROOT_UUID } };
	static const struct disk fourth = LABELLED("vdb", "vdb", "ESP"),
				 uuid = DISK("vdb",
					 .labels = { { .where = "vdb", .uuid = ROOT_UUID } },
					 .label_count = 1),
				 other = LABELLED("vdb", "vdb", "data");
	char reason[CLASSIFY_REASON_BYTES];

	(void)state;
	assert_true(classify_conflicts(&request, &fourth, reason));
	assert_string_equal(reason, "carries the planned label ESP (vdb)");
	assert_true(classify_conflicts(&request, &uuid, reason));
	assert_string_equal(reason, "carries the planned UUID " ROOT_UUID " (vdb)");
	assert_false(classify_conflicts(&request, &other, reason));
}

static void without_planned_labels_only_a_nameless_file_system_is_of_an_unfinished_install(
	void **state)
{
	const struct select_request request = {
		.disk = "auto", .layout = LAYOUT_GPT, .virtual_machine = true, .min_bytes = GIB
	};
	struct disk disk = DISK("vda", OUR_TABLE, .nonzero = true, .nonzero_offset_bytes = 512,
		.labels = { { "vda2", "", "ABCD-0123", 2 * MIB } }, .label_count = 1,
		.marks = { [LAYOUT_GPT] = { BEGUN } });
	char reason[CLASSIFY_REASON_BYTES];

	(void)state;
	assert_int_equal(classify_disk(&request, &disk, false, reason), DISK_SUITABLE);
	strcpy(disk.labels[0].label, "ESP");
	assert_int_equal(classify_disk(&request, &disk, false, reason), DISK_CONTENT);
}

static void a_need_that_is_rounded_to_the_size_is_printed_in_full(void **state)
{
	static const struct select_request request = {
		.disk = "auto", .layout = LAYOUT_GPT, .min_bytes = 2 * GIB + 2 * MIB + 1
	};
	static const struct disk disk = DISK_OF("vda", 2 * GIB, .serial = "");
	char reason[CLASSIFY_REASON_BYTES];

	(void)state;
	assert_int_equal(classify_disk(&request, &disk, false, reason), DISK_SMALL);
	assert_string_equal(reason, "is too small, 2051 MiB are needed");
}

static void a_key_that_names_no_disk_is_the_name_of_none(void **state)
{
	static const struct disk disk = DISK("vda", .serial = "auto");
	static const char *const keys[] = { "auto", "smallest", "largest", "size:=4G",
		"serial:", "vda", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_false(classify_is_named(keys[i], &disk));
	assert_true(classify_is_named("serial:auto", &disk));
}

int main(void)
{
	struct CMUnitTest tests[SHAPE_COUNT + 5] = {
		cmocka_unit_test(sixty_four_disks_still_make_one_line_with_the_fix),
		cmocka_unit_test(
			the_last_of_four_planned_names_is_a_conflict_and_a_fifth_one_is_not),
		cmocka_unit_test(
			without_planned_labels_only_a_nameless_file_system_is_of_an_unfinished_install),
		cmocka_unit_test(a_need_that_is_rounded_to_the_size_is_printed_in_full),
		cmocka_unit_test(a_key_that_names_no_disk_is_the_name_of_none),
	};

	for (size_t i = 0; i < SHAPE_COUNT; i++)
		tests[i + 5] = (struct CMUnitTest){ .name = shapes[i].name,
			.test_func = judges_as_the_table_says,
			.initial_state = (void *)(uintptr_t)&shapes[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
