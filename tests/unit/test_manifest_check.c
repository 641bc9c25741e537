/* SPDX-License-Identifier: MIT */
/* Proves which manifests can be installed on some disk, and what they leave to the
 * configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/key_table.h"
#include "config/merge.h"
#include "plan/manifest_check.h"

#define SYSTEM "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"

static struct config config;
static struct manifest manifest;
static struct manifest_check check;
static struct error err;

/* A guest with GRUB for both firmwares, from which each test changes one thing. */
static int begin(void **state)
{
	(void)state;
	key_table_set_defaults(&config);
	manifest = (struct manifest){ .system = SYSTEM,
		.layout = LAYOUT_GPT,
		.architecture = architecture_find("x86_64"),
		.mounts = { { .path = "/", .fstype = "ext4", .label = "nixos" },
			{ .path = "/boot", .fstype = "vfat", .label = "ESP" } },
		.mount_count = 2,
		.boot_loader = "grub",
		.boot_device = "/dev/vda",
		.boot_efi = true,
		.firmware = FIRMWARE_BIOS | FIRMWARE_UEFI,
		.nar_bytes = 400 * MIB,
		.files = 10000,
		.ssh_enabled = true,
		.activation = true,
		.ssh_key_files = { "%h/.ssh/authorized_keys" },
		.ssh_key_file_count = 1 };
	check = (struct manifest_check){ 0 };
	err = (struct error){ 0 };
	return 0;
}

static void accepts(void)
{
	if (manifest_check(&config, &manifest, &check, &err) < 0)
		fail_msg("%s", err.text);
}

static void refuses(const char *words)
{
	assert_true(manifest_check(&config, &manifest, &check, &err) < 0);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, err.text);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
}

static void a_guest_of_both_firmwares_needs_a_disk_and_nothing_else(void **state)
{
	(void)state;
	accepts();
	assert_true(check.disk_bytes > GPT_ROOT_OFFSET_BYTES + 400 * MIB);
	assert_int_equal(check.boot_disk_bytes, 0);
	assert_false(check.wants_swap);
	assert_string_equal(check.login.text, "");
}

static void a_guest_of_uefi_alone_is_planned_by_uefi(void **state)
{
	(void)state;
	manifest.firmware = FIRMWARE_UEFI;
	strcpy(manifest.boot_loader, "systemd-boot");
	strcpy(manifest.boot_device, "nodev");
	accepts();
}

static void a_partition_for_boot_needs_its_room(void **state)
{
	uint64_t without_bytes;

	(void)state;
	manifest.layout = LAYOUT_BIOS;
	manifest.mount_count = 1;
	manifest.boot_efi = false;
	manifest.firmware = FIRMWARE_BIOS;
	accepts();
	without_bytes = check.disk_bytes;
	strcpy(manifest.mounts[1].fstype, "ext4");
	strcpy(manifest.mounts[1].label, "boot");
	manifest.mount_count = 2;
	accepts();
	assert_int_equal(check.disk_bytes, without_bytes + 512 * MIB);
}

/* One of two firmwares that cannot start it is enough for a refusal. */
static void each_firmware_has_to_start_the_guest(void **state)
{
	(void)state;
	manifest.boot_efi = false;
	refuses("writes no EFI/BOOT/BOOTX64.EFI");
	manifest.boot_efi = true;
	strcpy(manifest.boot_device, "nodev");
	refuses("its GRUB has the device nodev");
}

static void layouts_that_need_a_host_have_no_firmware(void **state)
{
	(void)state;
	manifest.layout = LAYOUT_PYGRUB;
	manifest.firmware = 0;
	manifest.boot_efi = false;
	strcpy(manifest.boot_device, "nodev");
	strcpy(manifest.mounts[1].fstype, "ext4");
	accepts();
	assert_int_equal(check.boot_disk_bytes, BOOT_MIN_BYTES);
	manifest.layout = LAYOUT_DIRECT;
	manifest.mount_count = 1;
	accepts();
	assert_int_equal(check.boot_disk_bytes, 0);
}

static void grub_may_name_any_disk_that_a_machine_can_have(void **state)
{
	static const char *const good[] = { "/dev/vdb", "/dev/sda", "/dev/xvda", "/dev/nvme0n1" };
	static const char *const bad[] = { "/dev/disk/by-id/virtio-root", "/dev/vda1", "/dev/loop0",
		"/dev/nvme0n1p1", "/vda" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		strcpy(manifest.boot_device, good[i]);
		accepts();
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(manifest.boot_device, bad[i]);
		refuses(bad[i]);
	}
}

/* The guest's GRUB finds the disk by its own name for it. */
static void a_disk_of_the_configuration_may_have_another_name(void **state)
{
	(void)state;
	merge_option(&config, "--set", "disk=/dev/sda");
	accepts();
	strcpy(manifest.boot_device, "/dev/disk/by-id/virtio-root");
	refuses("written to /dev/disk/by-id/virtio-root, but the disk is /dev/sda");
	strcpy(manifest.boot_device, "/dev/vda");
	merge_option(&config, "--set", "disk=serial:guest");
	accepts();
}

static void a_layout_of_the_configuration_has_to_be_the_manifests(void **state)
{
	(void)state;
	merge_option(&config, "--set", "layout=bios");
	refuses("the guest is built for the layout gpt");
}

static void a_swap_partition_is_left_to_the_configuration(void **state)
{
	uint64_t without;

	(void)state;
	strcpy(manifest.swap.fstype, "swap");
	strcpy(manifest.swap.label, "swap");
	accepts();
	assert_true(check.wants_swap);
	without = check.disk_bytes;
	merge_option(&config, "--set", "swap=1G");
	accepts();
	assert_false(check.wants_swap);
	assert_int_equal(check.disk_bytes, without + GIB);
	merge_option(&config, "--set", "swap=none");
	refuses("says swap = none");
}

static void a_swap_partition_needs_a_table(void **state)
{
	(void)state;
	manifest.layout = LAYOUT_PYGRUB;
	manifest.firmware = 0;
	manifest.boot_efi = false;
	strcpy(manifest.boot_device, "nodev");
	strcpy(manifest.mounts[1].fstype, "ext4");
	strcpy(manifest.swap.fstype, "swap");
	strcpy(manifest.swap.label, "swap");
	refuses("no place for a swap partition");
}

static void a_login_is_left_to_the_configuration(void **state)
{
	(void)state;
	strcpy(manifest.permit_root_login, "no");
	accepts();
	assert_non_null(strstr(check.login.text, "PermitRootLogin no"));
	merge_option(&config, "--set", "keys-user=alice");
	accepts();
	assert_string_equal(check.login.text, "");
	merge_option(&config, "--set", "keys-user=root");
	refuses("PermitRootLogin no");
	merge_option(&config, "--set", "keys=none");
	accepts();
	assert_string_equal(check.login.text, "");
}

static void keys_that_the_configuration_names_have_to_let_their_owner_in(void **state)
{
	(void)state;
	strcpy(manifest.permit_root_login, "no");
	merge_option(&config, "--set", "keys=/etc/guest-installer/authorized_keys");
	refuses("PermitRootLogin no");
}

static void a_mount_that_the_layout_does_not_make_is_refused(void **state)
{
	(void)state;
	manifest.mounts[manifest.mount_count++] =
		(struct manifest_mount){ .path = "/var", .fstype = "ext4", .label = "var" };
	refuses("has no partition for it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			a_guest_of_both_firmwares_needs_a_disk_and_nothing_else, begin),
		cmocka_unit_test_setup(a_guest_of_uefi_alone_is_planned_by_uefi, begin),
		cmocka_unit_test_setup(a_partition_for_boot_needs_its_room, begin),
		cmocka_unit_test_setup(each_firmware_has_to_start_the_guest, begin),
		cmocka_unit_test_setup(layouts_that_need_a_host_have_no_firmware, begin),
		cmocka_unit_test_setup(grub_may_name_any_disk_that_a_machine_can_have, begin),
		cmocka_unit_test_setup(a_disk_of_the_configuration_may_have_another_name, begin),
		cmocka_unit_test_setup(
			a_layout_of_the_configuration_has_to_be_the_manifests, begin),
		cmocka_unit_test_setup(a_swap_partition_is_left_to_the_configuration, begin),
		cmocka_unit_test_setup(a_swap_partition_needs_a_table, begin),
		cmocka_unit_test_setup(a_login_is_left_to_the_configuration, begin),
		cmocka_unit_test_setup(
			keys_that_the_configuration_names_have_to_let_their_owner_in, begin),
		cmocka_unit_test_setup(a_mount_that_the_layout_does_not_make_is_refused, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
