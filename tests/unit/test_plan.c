/* SPDX-License-Identifier: MIT */
/*
 * Proves the whole plan of each layout against a stored text, and every refusal with its words.
 * UPDATE_GOLDEN=1 in the environment writes the stored texts again.
 *
 * Modules: plan/planner, plan/guest_check.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "config/key_table.h"
#include "config/merge.h"
#include "nix/closure.h"
#include "plan/labels.h"
#include "plan/planner.h"

#define SYSTEM	     "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define OTHER_SYSTEM "/nix/store/1123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define SEED	     "00000000-0000-4000-8000-000000000001"
#define UUID	     "12345678-1234-4234-8234-123456789abc"

static struct config config;
static struct manifest manifest;
static struct disk disk, other_disk;
static struct disk *boot_disk; /* NULL but for pygrub */
static struct plan_needs needs;

/* A guest, a disk and a configuration that fit each other, from which each test changes one
 * thing. */
static int begin(void **state)
{
	(void)state;
	key_table_set_defaults(&config);
	manifest = (struct manifest){ .system = SYSTEM,
		.layout = LAYOUT_GPT,
		.architecture = architecture_find("x86_64"),
		.mounts = { { "/", "ext4", "nixos", "" }, { "/boot", "vfat", "ESP", "" } },
		.mount_count = 2,
		.boot_loader = "grub",
		.boot_device = "/dev/vda",
		.boot_efi = true,
		.firmware = FIRMWARE_BIOS | FIRMWARE_UEFI,
		.nar_bytes = 400 * MIB,
		.files = 10000,
		.ssh_enabled = true,
		.ssh_key_files = { "/etc/ssh/authorized_keys.d/%u", "%h/.ssh/authorized_keys" },
		.ssh_key_file_count = 2,
		.activation = true };
	disk = (struct disk){
		.name = "vda", .path = "/dev/vda", .size_bytes = 4 * GIB, .sector_bytes = 512
	};
	boot_disk = NULL;
	needs = (struct plan_needs){ .nar_bytes = 400 * MIB, .firmware = FIRMWARE_BIOS };
	return 0;
}

static void make_bios_guest(void)
{
	manifest.layout = LAYOUT_BIOS;
	manifest.mount_count = 1;
	manifest.boot_efi = false;
	manifest.firmware = FIRMWARE_BIOS;
}

static void use_swap(const char *label)
{
	strcpy(manifest.swap.fstype, "swap");
	strcpy(manifest.swap.label, label);
}

static void make_direct_guest(void)
{
	manifest.layout = LAYOUT_DIRECT;
	strcpy(manifest.mounts[0].label, "NIXOS");
	manifest.mount_count = 1;
	strcpy(manifest.boot_loader, "none");
	strcpy(manifest.boot_device, "nodev");
	manifest.boot_efi = false;
	manifest.firmware = 0;
}

static void make_pygrub_guest(void)
{
	make_direct_guest();
	manifest.layout = LAYOUT_PYGRUB;
	manifest.mounts[0] = (struct manifest_mount){ "/", "ext4", "NIXROOT", "", "", "" };
	manifest.mounts[1] = (struct manifest_mount){ "/boot", "ext4", "NIXBOOT", "", "", "" };
	manifest.mount_count = 2;
	strcpy(manifest.boot_loader, "grub");
	strcpy(disk.path, "/dev/xvdb");
	other_disk = (struct disk){
		.name = "xvda", .path = "/dev/xvda", .size_bytes = 500 * MIB, .sector_bytes = 512
	};
	boot_disk = &other_disk;
}

static void make_arm_guest(void)
{
	manifest.architecture = architecture_find("aarch64");
	manifest.firmware = needs.firmware = FIRMWARE_UEFI;
	strcpy(manifest.boot_device, "nodev");
}

static void set(const char *assignment)
{
	merge_option(&config, "test", assignment);
	assert_int_equal(config.error_count, 0);
}

static struct plan accepts(void)
{
	struct plan plan;
	struct error err = { 0 };

	if (planner_make(&config, &manifest, &disk, boot_disk, &needs, SEED, &plan, &err) < 0)
		fail_msg("%s", err.text);
	return plan;
}

static void refuses_with(int code, const char *sentence)
{
	struct plan plan = { .partition_count = 77 };
	struct error err = { 0 };

	assert_true(
		planner_make(&config, &manifest, &disk, boot_disk, &needs, SEED, &plan, &err) < 0);
	assert_int_equal(plan.partition_count, 77);
	if (strcmp(err.text, sentence) != 0)
		fail_msg("\"%s\" is not \"%s\"", err.text, sentence);
	assert_int_equal(err.code, code);
}

static void refuses(const char *sentence)
{
	refuses_with(EXIT_CONFIGURATION, sentence);
}

/* ------------------------------------------------------------------ whole plans */

static void is_golden(const struct plan *plan, const char *name)
{
	char path[128], expected[8192] = "", *text = NULL;
	const char *wish = getenv("UPDATE_GOLDEN");
	bool update = wish && *wish;
	size_t size_bytes;
	FILE *out = open_memstream(&text, &size_bytes), *golden;

	plan_print(plan, out);
	fclose(out);
	snprintf(path, sizeof(path), "tests/unit/golden/plan-%s.txt", name);
	golden = fopen(path, update ? "w+" : "r");
	if (!golden)
		fail_msg("%s cannot be opened", path);
	if (update) {
		fputs(text, golden);
		rewind(golden);
	}
	expected[fread(expected, 1, sizeof(expected) - 1, golden)] = '\0';
	fclose(golden);
	assert_string_equal(text, expected);
	free(text);
}

static void a_gpt_guest_has_its_golden_plan(void **state)
{
	struct plan plan = accepts();

	(void)state;
	is_golden(&plan, "gpt");
}

static void an_arm_guest_has_no_partition_for_a_bios(void **state)
{
	struct plan plan;

	(void)state;
	make_arm_guest();
	plan = accepts();
	is_golden(&plan, "gpt-aarch64");
	assert_int_equal(
		plan.partitions[plan.root].offset_bytes, layout_root_offset_bytes(LAYOUT_GPT));
}

static void a_bios_guest_has_its_golden_plan(void **state)
{
	struct plan plan;

	(void)state;
	make_bios_guest();
	plan = accepts();
	is_golden(&plan, "bios");
}

static void a_pygrub_guest_has_its_golden_plan(void **state)
{
	char node[PLAN_NODE_BYTES];
	struct plan plan;

	(void)state;
	make_pygrub_guest();
	plan = accepts();
	is_golden(&plan, "pygrub");
	assert_string_equal(plan_disk_path(&plan, 0), "/dev/xvda");
	assert_string_equal(plan_disk_path(&plan, 1), "/dev/xvdb");
	strcpy(plan.open_path, "/proc/self/fd/5");
	assert_string_equal(plan_open_path(&plan, 0), "/dev/xvda");
	assert_string_equal(plan_open_path(&plan, 1), "/proc/self/fd/5");
	strcpy(plan.boot_open_path, "/proc/self/fd/6");
	assert_string_equal(plan_open_path(&plan, 0), "/proc/self/fd/6");
	plan_partition_node(&plan, 1, node);
	assert_string_equal(node, "/dev/xvdb");
}

static void a_direct_guest_has_its_golden_plan(void **state)
{
	struct plan plan;

	(void)state;
	make_direct_guest();
	plan = accepts();
	is_golden(&plan, "direct");
}

static void swap_goes_behind_the_root(void **state)
{
	struct plan plan;

	(void)state;
	set("swap=512M");
	plan = accepts();
	is_golden(&plan, "gpt-swap");
	make_bios_guest();
	use_swap("guestswap");
	plan = accepts();
	is_golden(&plan, "bios-swap");
}

/* /boot lies behind the root and before the swap; in a GPT beside an EFI system partition. */
static void a_boot_of_its_own_has_its_golden_plan(void **state)
{
	struct plan plan;

	(void)state;
	manifest.mounts[1] = (struct manifest_mount){ "/boot/efi", "vfat", "ESP", "", "", "" };
	manifest.mounts[2] = (struct manifest_mount){ "/boot", "ext4", "boot", "", "kernels", "" };
	manifest.mount_count = 3;
	set("swap=512M");
	plan = accepts();
	is_golden(&plan, "gpt-boot");
	assert_string_equal(plan_disk_path(&plan, 3), "/dev/vda");
	make_bios_guest();
	manifest.mounts[1] = (struct manifest_mount){ "/boot", "ext4", "", UUID, "", "" };
	manifest.mount_count = 2;
	set("swap=none");
	plan = accepts();
	is_golden(&plan, "bios-boot");
	manifest.mounts[1] = (struct manifest_mount){ "/boot", "vfat", "BOOT", "", "", "" };
	plan = accepts();
	is_golden(&plan, "bios-boot-fat");
	disk.size_bytes = 1 * GIB + 514 * MIB - 1;
	refuses_with(EXIT_TOO_SMALL,
		"/dev/vda has 1.5 GiB (1612709887 bytes), but the guest needs 1.5 GiB (1612709888 "
		"bytes): give the machine a larger disk.");
}

static void a_uefi_guest_on_4_kib_sectors_has_its_golden_plan(void **state)
{
	struct plan plan;

	(void)state;
	disk.sector_bytes = 4096;
	disk.size_bytes = 8 * GIB + 4096;
	manifest.firmware = FIRMWARE_UEFI;
	strcpy(manifest.boot_loader, "systemd-boot");
	strcpy(manifest.boot_device, "nodev");
	strcpy(manifest.mounts[1].path, "/efi");
	needs.firmware = FIRMWARE_UEFI;
	plan = accepts();
	is_golden(&plan, "uefi-4k");
}

static void an_image_file_with_everything_fixed_has_its_golden_plan(void **state)
{
	struct plan plan;

	(void)state;
	make_direct_guest();
	disk.image_file = true;
	strcpy(disk.path, "/srv/guest.img");
	strcpy(manifest.mounts[0].uuid, UUID);
	manifest.mounts[0].label[0] = '\0';
	set("root-label=guest");
	set("keys-user=alice");
	plan = accepts();
	is_golden(&plan, "image");
}

static void without_a_manifest_the_layout_is_gpt(void **state)
{
	struct error err = { 0 };
	struct plan plan;

	(void)state;
	set("system=" SYSTEM);
	needs.architecture = architecture_find("x86_64");
	assert_int_equal(planner_make(&config, NULL, &disk, NULL, &needs, SEED, &plan, &err), 0);
	assert_int_equal(plan.layout, LAYOUT_GPT);
	assert_string_equal(plan.system, SYSTEM);
	assert_string_equal(plan.partitions[1].mount_path, "/boot");
}

static void without_a_manifest_xen_makes_it_pygrub(void **state)
{
	struct error err = { 0 };
	enum layout layout;

	(void)state;
	assert_int_equal(planner_layout(&config, NULL, true, &layout, &err), 0);
	assert_int_equal(layout, LAYOUT_PYGRUB);
	assert_int_equal(planner_layout(&config, &manifest, true, &layout, &err), 0);
	assert_int_equal(layout, LAYOUT_GPT);
}

/* ------------------------------------------------------------------ names */

static void the_same_seed_gives_the_same_plan_and_another_another(void **state)
{
	struct plan a = accepts(), b = accepts(), c;
	struct error err = { 0 };

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(planner_make(&config, &manifest, &disk, boot_disk, &needs,
				 "00000000-0000-4000-8000-000000000002", &c, &err),
		0);
	assert_string_not_equal(a.table_id, c.table_id);
	assert_string_not_equal(a.hash_seed, c.hash_seed);
	for (size_t i = 0; i < a.partition_count; i++)
		assert_string_not_equal(a.partitions[i].uuid, c.partitions[i].uuid);
	assert_string_not_equal(a.partitions[2].fs_uuid, c.partitions[2].fs_uuid);
}

static void every_uuid_is_another_one_and_of_version_5(void **state)
{
	struct plan plan = accepts();
	const char *uuids[] = { plan.table_id, plan.hash_seed, plan.partitions[0].uuid,
		plan.partitions[1].uuid, plan.partitions[2].uuid, plan.partitions[2].fs_uuid };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(strlen(uuids[i]), 36);
		assert_int_equal(uuids[i][14], '5');
		assert_non_null(strchr("89abAB", uuids[i][19]));
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(strncasecmp(uuids[i], uuids[j], 36), 0);
	}
}

static void labels_are_the_users_else_the_manifests(void **state)
{
	struct plan plan;

	(void)state;
	strcpy(manifest.mounts[0].label, "guestroot");
	strcpy(manifest.mounts[1].label, "GUESTESP");
	plan = accepts();
	assert_string_equal(plan.partitions[2].fs_label, "guestroot");
	assert_string_equal(plan.partitions[1].fs_label, "GUESTESP");
	set("root-label=guestroot");
	accepts();
	set("root-label=nixos");
	refuses("The guest mounts / by label \"guestroot\", but the plan labels it \"nixos\": set "
		"root-label = guestroot.");
}

static void the_roots_uuid_is_the_configurations_else_the_manifests(void **state)
{
	struct plan plan;

	(void)state;
	strcpy(manifest.mounts[0].uuid, UUID);
	plan = accepts();
	assert_string_equal(plan.partitions[2].fs_uuid, UUID);
	manifest.mounts[0].uuid[0] = '\0';
	set("root-uuid=" UUID);
	plan = accepts();
	assert_string_equal(plan.partitions[2].fs_uuid, UUID);
	strcpy(manifest.mounts[0].uuid, SEED);
	refuses("The guest mounts / by UUID " SEED ", but the plan gives it " UUID
		": set root-uuid = " SEED ", or let the guest mount it by label.");
	strcpy(manifest.mounts[0].uuid, "12345678-1234-4234-8234-123456789ABC");
	refuses("The guest mounts / by UUID 12345678-1234-4234-8234-123456789ABC, but udev names "
		"this file system " UUID
		", and case counts there: write it so in the guest's configuration.");
}

static void planned_labels_are_those_of_the_plan(void **state)
{
	struct labels_planned labels;

	(void)state;
	strcpy(manifest.mounts[0].label, "guestroot");
	strcpy(manifest.mounts[1].uuid, "AB12-CD34");
	set("esp-label=MY ESP");
	set("root-uuid=" UUID);
	labels_planned(&config, &manifest, LAYOUT_GPT, &labels);
	assert_string_equal(labels.labels[0], "guestroot");
	assert_string_equal(labels.labels[1], "MY ESP");
	assert_null(labels.labels[2]);
	assert_string_equal(labels.uuids[0], UUID);
	assert_string_equal(labels.uuids[1], "AB12-CD34");
	assert_null(labels.uuids[2]);
	labels_planned(&config, NULL, LAYOUT_BIOS, &labels);
	assert_string_equal(labels.labels[0], "nixos");
	assert_null(labels.labels[1]);
	assert_null(labels.uuids[1]);
	labels_planned(&config, NULL, LAYOUT_PYGRUB, &labels);
	assert_string_equal(labels.labels[0], "NIXROOT");
	assert_string_equal(labels.labels[1], "NIXBOOT");
	assert_null(labels.labels[2]);
	assert_null(labels.uuids[1]);
	strcpy(manifest.mounts[1].path, "/boot/efi");
	manifest.mounts[2] = (struct manifest_mount){ "/boot", "ext4", "kernels", UUID, "", "" };
	manifest.mount_count = 3;
	set("swap=1G");
	labels_planned(&config, &manifest, LAYOUT_GPT, &labels);
	assert_string_equal(labels.labels[2], "kernels");
	assert_string_equal(labels.labels[3], "MY ESP");
	assert_null(labels.labels[4]);
	assert_string_equal(labels.uuids[1], UUID);
	assert_string_equal(labels.uuids[2], "AB12-CD34");
	assert_null(labels.uuids[3]);
	manifest.mounts[1].uuid[0] = manifest.mounts[2].uuid[0] = '\0';
	labels_planned(&config, &manifest, LAYOUT_GPT, &labels);
	assert_null(labels.uuids[1]);
}

static void a_planned_swap_has_a_planned_label(void **state)
{
	struct labels_planned labels;

	(void)state;
	set("swap=1G");
	labels_planned(&config, NULL, LAYOUT_GPT, &labels);
	assert_string_equal(labels.labels[0], "nixos");
	assert_string_equal(labels.labels[1], "swap");
	assert_string_equal(labels.labels[2], "ESP");
	assert_null(labels.labels[3]);
	make_bios_guest();
	use_swap("guestswap");
	labels_planned(&config, &manifest, LAYOUT_BIOS, &labels);
	assert_string_equal(labels.labels[1], "guestswap");
	assert_null(labels.labels[2]);
	assert_null(labels.uuids[0]);
	strcpy(manifest.swap.uuid, "abcdef00-0000-4000-8000-000000000002");
	labels_planned(&config, &manifest, LAYOUT_BIOS, &labels);
	assert_string_equal(labels.uuids[0], "abcdef00-0000-4000-8000-000000000002");
}

static void a_swap_labelled_as_something_else_is_refused(void **state)
{
	(void)state;
	set("swap=1G");
	use_swap("nixos");
	refuses("Both the swap partition and the root file system are labelled \"nixos\": choose "
		"another label for the guest's swap, or another root-label or esp-label.");
}

static void two_equal_labels_are_refused(void **state)
{
	(void)state;
	manifest.mounts[1].label[0] = '\0';
	strcpy(manifest.mounts[1].uuid, "AB12-CD34");
	set("esp-label=NIXOS");
	refuses("Both the root file system and the EFI system partition are labelled \"NIXOS\": "
		"choose another root-label or esp-label.");
}

/* ------------------------------------------------------------------ sizes */

static void partitions_are_aligned_apart_and_leave_the_last_mib(void **state)
{
	(void)state;
	for (uint64_t extra = 0; extra < 2 * MIB; extra += 4096 * 37) {
		struct plan plan;

		set(extra % MIB < MIB / 2 ? "swap=none" : "swap=3M");
		disk.size_bytes = 4 * GIB + extra;
		plan = accepts();
		for (size_t i = 0; i < plan.partition_count; i++) {
			const struct plan_partition *p = &plan.partitions[i];
			uint64_t end = p->offset_bytes + p->size_bytes;

			assert_int_equal(p->offset_bytes % MIB, 0);
			assert_int_equal(p->size_bytes % MIB, 0);
			assert_true(end + MIB <= disk.size_bytes);
			if (i + 1 < plan.partition_count)
				assert_true(end <= p[1].offset_bytes);
			else
				assert_true(disk.size_bytes - end < 2 * MIB);
		}
	}
}

static void the_root_lies_where_its_mark_is_looked_for(void **state)
{
	struct plan plan = accepts();

	(void)state;
	assert_int_equal(
		plan.partitions[plan.root].offset_bytes, layout_root_offset_bytes(LAYOUT_GPT));
	make_bios_guest();
	plan = accepts();
	assert_int_equal(
		plan.partitions[plan.root].offset_bytes, layout_root_offset_bytes(LAYOUT_BIOS));
}

static void a_small_guest_needs_one_gib_for_its_root(void **state)
{
	const struct plan_needs small = { .nar_bytes = 100 * MIB, .files = 1000 };

	(void)state;
	assert_int_equal(planner_min_bytes(LAYOUT_BIOS, &small), GIB + 2 * MIB);
	assert_int_equal(planner_min_bytes(LAYOUT_GPT, &small), GIB + 515 * MIB);
}

static void bytes_files_and_inodes_all_count(void **state)
{
	const struct plan_needs bytes = { .nar_bytes = 4 * GIB, .files = 1000 };
	const struct plan_needs files = { .nar_bytes = 4 * GIB, .files = 200000 };
	const struct plan_needs inodes = { .nar_bytes = 100 * MIB, .files = 1000000 };
	const struct plan_needs unknown = { .nar_bytes = 4 * GIB };

	(void)state;
	assert_in_range(planner_min_bytes(LAYOUT_BIOS, &bytes), 4 * GIB + 600 * MIB, 5 * GIB);
	assert_true(planner_min_bytes(LAYOUT_BIOS, &files) >
		    planner_min_bytes(LAYOUT_BIOS, &bytes) + 199000 * 4096ULL);
	assert_true(planner_min_bytes(LAYOUT_BIOS, &inodes) > 1000000 * 16384ULL);
	assert_true(
		planner_min_bytes(LAYOUT_BIOS, &unknown) > planner_min_bytes(LAYOUT_BIOS, &bytes));
}

static void the_largest_manifest_does_not_overflow(void **state)
{
	const struct plan_needs most = { .nar_bytes = 1ULL << 50, .files = 1ULL << 32 };

	(void)state;
	assert_true(planner_min_bytes(LAYOUT_GPT, &most) > 1ULL << 50);
}

static void the_largest_closure_does_not_overflow(void **state)
{
	const struct plan_needs most = { .nar_bytes = CLOSURE_BYTES_MAX };
	const struct plan_needs files = { .nar_bytes = CLOSURE_BYTES_MAX, .files = 1ULL << 32 };

	(void)state;
	assert_true(planner_min_bytes(LAYOUT_GPT, &most) > CLOSURE_BYTES_MAX);
	assert_true(planner_min_bytes(LAYOUT_GPT, &files) > CLOSURE_BYTES_MAX);
}

static void one_byte_less_than_needed_is_refused_with_both_numbers(void **state)
{
	(void)state;
	needs.files = 10000;
	disk.size_bytes = planner_min_bytes(LAYOUT_GPT, &needs);
	accepts();
	disk.size_bytes--;
	refuses_with(EXIT_TOO_SMALL,
		"/dev/vda has 1.5 GiB (1613758463 bytes), but the guest needs 1.5 GiB (1613758464 "
		"bytes): give the machine a larger disk.");
}

static void the_swap_counts_in_what_is_needed(void **state)
{
	(void)state;
	needs.files = 10000;
	set("swap=256M");
	disk.size_bytes = planner_min_bytes(LAYOUT_GPT, &needs) + 256 * MIB;
	accepts();
	disk.size_bytes--;
	refuses_with(EXIT_TOO_SMALL, "/dev/vda has 1.7 GiB (1882193919 bytes), but the guest needs "
				     "1.7 GiB with its swap "
				     "(1882193920 bytes): give the machine a larger disk.");
	needs.swap_bytes = 256 * MIB;
	assert_int_equal(planner_min_bytes(LAYOUT_GPT, &needs), disk.size_bytes + 1);
}

static void the_manifests_files_count_if_nobody_knows_better(void **state)
{
	(void)state;
	manifest.files = 1000000;
	refuses_with(EXIT_TOO_SMALL, "/dev/vda has 4.0 GiB (4294967296 bytes), but the guest needs "
				     "17.7 GiB (19107151872 "
				     "bytes): give the machine a larger disk.");
	needs.files = 1000;
	accepts();
}

static void an_mbr_ends_at_2_tib(void **state)
{
	(void)state;
	make_bios_guest();
	disk.size_bytes = 2048 * GIB;
	accepts();
	disk.size_bytes = 2049 * GIB;
	refuses("/dev/vda has 2.0 TiB, and the table of the layout bios ends at 2.0 TiB: build the "
		"guest for another layout, or use a smaller disk.");
	begin(state);
	disk.size_bytes = 2049 * GIB;
	accepts();
}

/* ------------------------------------------------------------------ the guest's expectations */

static void layouts_have_to_agree(void **state)
{
	(void)state;
	set("layout=gpt");
	accepts();
	set("layout=bios");
	refuses("The configuration says layout = bios, but the guest is built for the layout gpt: "
		"say "
		"layout = auto, or build the guest for bios.");
}

static void systems_have_to_agree(void **state)
{
	char *text = NULL;
	size_t size_bytes;
	FILE *out;
	struct error err = { 0 };
	struct plan plan;

	(void)state;
	set("system=" SYSTEM);
	accepts();
	set("system=" OTHER_SYSTEM);
	assert_true(planner_make(&config, NULL, &disk, NULL, &needs, SEED, &plan, &err) == 0);
	assert_string_equal(plan.system, OTHER_SYSTEM);
	config.system[0] = '\0';
	assert_true(planner_make(&config, NULL, &disk, NULL, &needs, SEED, &plan, &err) < 0);
	assert_string_equal(
		err.text, "There is no manifest and no system: say which system to install.");
	config.engine = ENGINE_NIXOS_INSTALL;
	assert_true(planner_make(&config, NULL, &disk, NULL, &needs, SEED, &plan, &err) == 0);
	assert_string_equal(plan.system, "");
	out = open_memstream(&text, &size_bytes);
	plan_print(&plan, out);
	fclose(out);
	assert_non_null(strstr(text, "\nsystem: as nixos-install will build it\n"));
	free(text);
	set("system=" OTHER_SYSTEM);
	refuses("The configuration says system = " OTHER_SYSTEM ", but the manifest is of " SYSTEM
		": leave one of them out.");
}

static void mounts_have_to_be_in_the_plan(void **state)
{
	(void)state;
	strcpy(manifest.mounts[0].fstype, "btrfs");
	refuses("The guest mounts / as btrfs, but the plan makes ext4 there: change the guest's "
		"file "
		"system.");
	begin(state);
	manifest.mounts[2] = (struct manifest_mount){ "/home", "ext4", "home", "", "", "" };
	manifest.mount_count = 3;
	refuses("The guest mounts /home, but the layout gpt has no partition for it: take this "
		"mount "
		"out of the guest.");
	begin(state);
	manifest.mounts[2] = (struct manifest_mount){ "/efi", "vfat", "EFI2", "", "", "" };
	manifest.mount_count = 3;
	refuses("The guest mounts /efi from a FAT file system, but the layout gpt has none for it: "
		"build the guest for this layout, or choose another one.");
	begin(state);
	strcpy(manifest.mounts[0].path, "/nix");
	strcpy(manifest.mounts[0].fstype, "vfat");
	strcpy(manifest.mounts[0].label, "NIX");
	refuses("The guest mounts /boot from a FAT file system, but the layout gpt has none for "
		"it: "
		"build the guest for this layout, or choose another one.");
	begin(state);
	manifest.mounts[0] = manifest.mounts[1];
	manifest.mount_count = 1;
	refuses("The manifest has no mount \"/\": write it again from the guest's configuration.");
}

static void a_guest_that_swaps_needs_a_swap(void **state)
{
	(void)state;
	use_swap("swap");
	refuses("The guest uses a swap partition (swap), but the configuration says swap = none: "
		"set swap to its size, such as swap = 1G, or take it out of the guest.");
	set("swap=64M");
	accepts();
	manifest.swap.fstype[0] = '\0';
	accepts();
	set("swap=none");
	use_swap("");
	strcpy(manifest.swap.partuuid, SEED);
	refuses("The guest uses a swap partition (" SEED
		"), but the configuration says swap = none: "
		"set swap to its size, such as swap = 1G, or take it out of the guest.");
	strcpy(manifest.swap.partlabel, "linux-swap");
	refuses("The guest uses a swap partition (linux-swap), but the configuration says swap = "
		"none: set swap to its size, such as swap = 1G, or take it out of the guest.");
	strcpy(manifest.swap.uuid, UUID);
	refuses("The guest uses a swap partition (" UUID
		"), but the configuration says swap = none: "
		"set swap to its size, such as swap = 1G, or take it out of the guest.");
}

/* As a guest says by-partlabel and by-partuuid. */
static void partitions_get_the_names_that_the_guest_expects(void **state)
{
	struct plan plan;

	(void)state;
	manifest.mounts[0].label[0] = '\0';
	strcpy(manifest.mounts[0].partlabel, "system");
	strcpy(manifest.mounts[1].partuuid, "abcdef00-0000-4000-8000-000000000001");
	strcpy(manifest.swap.fstype, "swap");
	strcpy(manifest.swap.uuid, "ABCDEF00-0000-4000-8000-000000000002");
	set("swap=64M");
	refuses("The guest finds its swap by the UUID ABCDEF00-0000-4000-8000-000000000002, but udev names "
		"swap in lower case: write it so in the guest's configuration.");
	strcpy(manifest.swap.uuid, "abcdef00-0000-4000-8000-000000000002");
	plan = accepts();
	assert_string_equal(plan.partitions[1].name, "ESP");
	assert_string_equal(plan.partitions[1].uuid, "ABCDEF00-0000-4000-8000-000000000001");
	assert_string_equal(plan.partitions[2].name, "system");
	assert_string_equal(plan.partitions[3].fs_uuid, "abcdef00-0000-4000-8000-000000000002");
	strcpy(manifest.mounts[1].partuuid, "ABCDEF00-0000-4000-8000-000000000001");
	refuses("The guest finds /boot by the partition's UUID ABCDEF00-0000-4000-8000-000000000001, but "
		"udev names partitions in lower case: write it so in the guest's configuration.");
	strcpy(manifest.mounts[1].partuuid, "abcdef00-0000-4000-8000-000000000001");
	strcpy(manifest.swap.partuuid, "ABCDEF00-0000-4000-8000-000000000003");
	refuses("The guest finds its swap by the partition's UUID ABCDEF00-0000-4000-8000-000000000003, but "
		"udev names partitions in lower case: write it so in the guest's configuration.");
	manifest.swap.partuuid[0] = '\0';
	strcpy(manifest.swap.partlabel, "system");
	refuses("Two partitions are named \"system\": let the guest use another name (partlabel).");
	manifest.swap.partlabel[0] = '\0';
	make_bios_guest();
	refuses("The guest finds / by the partition's name system, which the layout bios does not "
		"have: let the guest name it by label.");
	manifest.mounts[0].partlabel[0] = '\0';
	strcpy(manifest.swap.partuuid, "abcdef00-0000-4000-8000-000000000003");
	refuses("The guest finds its swap by the partition's UUID "
		"abcdef00-0000-4000-8000-000000000003, which the layout bios does not have: let "
		"the guest name it by label.");
}

static void a_bios_layout_has_no_efi_mount(void **state)
{
	(void)state;
	make_bios_guest();
	manifest.mount_count = 2;
	strcpy(manifest.mounts[1].path, "/efi");
	refuses("The guest mounts /efi from a FAT file system, but the layout bios has none for "
		"it: "
		"build the guest for this layout, or choose another one.");
}

static void uefi_needs_an_esp_and_a_loader_on_it(void **state)
{
	(void)state;
	make_bios_guest();
	manifest.boot_efi = true;
	refuses("The guest boots by UEFI, but the layout bios has no EFI system partition: build "
		"the "
		"guest for the layout gpt.");
	begin(state);
	manifest.boot_efi = false;
	refuses("The manifest says that the guest boots by UEFI, but its boot loader writes no "
		"EFI/BOOT/BOOTX64.EFI: let it do so (efiInstallAsRemovable for GRUB).");
	begin(state);
	manifest.mount_count = 1;
	refuses("The guest's boot loader writes EFI/BOOT/BOOTX64.EFI, but the guest mounts no EFI "
		"system partition: mount one, at /boot for example.");
	manifest.boot_efi = false;
	manifest.firmware = FIRMWARE_BIOS;
	accepts();
}

static void the_firmware_that_booted_us_has_to_boot_the_guest(void **state)
{
	(void)state;
	make_bios_guest();
	needs.firmware = FIRMWARE_UEFI;
	refuses("This machine was started by UEFI, but the guest boots by BIOS only: start it by "
		"BIOS, or build the guest for both.");
	begin(state);
	manifest.firmware = FIRMWARE_UEFI;
	refuses("This machine was started by BIOS, but the guest boots by UEFI only: start it by "
		"UEFI, or build the guest for both.");
	needs.firmware = 0;
	accepts();
	needs.firmware = FIRMWARE_BIOS;
	make_direct_guest();
	accepts();
}

static void an_arm_guest_has_neither_bios_nor_pygrub(void **state)
{
	(void)state;
	make_bios_guest();
	manifest.architecture = architecture_find("aarch64");
	refuses("A guest for aarch64 cannot have the layout bios (machines of this architecture have "
		"no BIOS: their firmware is UEFI): build it for the layout gpt or direct.");
	make_pygrub_guest();
	refuses("A guest for aarch64 cannot have the layout pygrub (Xen has no PV domains on this "
		"architecture, and pygrub starts no others): build it for the layout gpt or direct.");
	begin(state);
	make_arm_guest();
	manifest.firmware |= FIRMWARE_BIOS;
	refuses("The manifest says that the guest boots by BIOS, but it is made for aarch64 (machines "
		"of this architecture have no BIOS: their firmware is UEFI): set "
		"boot.loader.grub.device to nodev in the guest, and make the manifest again.");
	make_arm_guest();
	manifest.boot_efi = false;
	refuses("The manifest says that the guest boots by UEFI, but its boot loader writes no "
		"EFI/BOOT/BOOTAA64.EFI: let it do so (efiInstallAsRemovable for GRUB).");
	make_direct_guest();
	accepts();
}

static void a_guest_for_another_machine_is_refused(void **state)
{
	(void)state;
	needs.architecture = architecture_find("x86_64");
	accepts();
	make_arm_guest();
	refuses("The guest is made for aarch64, but this machine and its installer are x86_64, and the "
		"install runs programs of the guest: start the installer's ISO for aarch64 in a machine "
		"of that architecture.");
	needs.architecture = architecture_find("aarch64");
	accepts();
	manifest.architecture = NULL; /* nixos-install builds for this machine */
	assert_string_equal(accepts().architecture->name, "aarch64");
}

static void a_bios_does_not_boot_from_4_kib_sectors(void **state)
{
	const char *sentence =
		"/dev/vda has sectors of 4096 bytes, from which a BIOS does not boot: "
		"give the machine a disk with 512-byte sectors, or start it by UEFI.";

	(void)state;
	disk.sector_bytes = 4096;
	refuses(sentence);
	needs.firmware = FIRMWARE_UEFI;
	accepts();
	make_bios_guest();
	needs.firmware = 0;
	refuses(sentence);
}

static void grub_has_to_go_to_the_disk(void **state)
{
	(void)state;
	manifest.boot_device[0] = '\0'; /* not known */
	accepts();
	strcpy(manifest.boot_device, "nodev");
	refuses("The guest is to boot by BIOS, but its GRUB has the device nodev: set the guest's "
		"boot.loader.grub.device to /dev/vda.");
	manifest.firmware = needs.firmware = FIRMWARE_UEFI;
	accepts();
	strcpy(manifest.boot_device, "/dev/disk/by-id/scsi-0");
	refuses("The guest's GRUB is written to /dev/disk/by-id/scsi-0, but the disk is /dev/vda: "
		"set the guest's boot.loader.grub.device to the name of a whole disk, such as "
		"/dev/vda.");
	strcpy(manifest.boot_device, "/dev/sda1");
	refuses("The guest's GRUB is written to /dev/sda1, but the disk is /dev/vda: set the "
		"guest's boot.loader.grub.device to the name of a whole disk, such as /dev/vda.");
	strcpy(manifest.boot_device, "/dev/sda");
	accepts();
}

static void a_guest_that_no_firmware_boots_needs_no_boot_sector(void **state)
{
	(void)state;
	make_pygrub_guest();
	strcpy(manifest.boot_device, "/dev/xvda");
	refuses("The guest's GRUB is written to /dev/xvda, but a disk with the layout pygrub has "
		"no boot sector: set the guest's boot.loader.grub.device to nodev.");
	strcpy(manifest.boot_device, "nodev");
	strcpy(manifest.boot_loader, "systemd-boot");
	refuses("The guest's boot loader is systemd-boot, but the layout pygrub has no place for "
		"it: use GRUB with the device nodev, or none.");
	strcpy(manifest.boot_loader, "grub");
	manifest.mount_count = 1;
	refuses("pygrub reads grub.cfg from the boot disk, but the guest does not mount it on "
		"/boot: add this mount to the guest.");
	strcpy(manifest.boot_loader, "none");
	accepts();
	manifest.boot_efi = true;
	refuses("The guest boots by UEFI, but the layout pygrub has no EFI system partition: build "
		"the guest for the layout gpt.");
}

static void two_whole_disks_have_their_limits(void **state)
{
	(void)state;
	make_pygrub_guest();
	boot_disk->size_bytes = 64 * MIB;
	accepts();
	boot_disk->size_bytes--;
	refuses_with(EXIT_TOO_SMALL, "The boot disk /dev/xvda is smaller than 64.0 MiB: give the "
				     "machine a larger one.");
	boot_disk->size_bytes = 64 * MIB;
	boot_disk->image_file = true;
	refuses("Of /dev/xvda and /dev/xvdb only one is an image file: name two disks or two "
		"files.");
	boot_disk->image_file = false;
	config.swap_bytes = 512 * MIB;
	refuses("The layout pygrub has no partition table, and so no place for a swap partition: "
		"leave swap out, and let the guest make a swap file.");
	config.swap_bytes = 0;
	strcpy(manifest.mounts[1].label, "NIXROOT");
	refuses("Both the root file system and the boot file system are labelled \"NIXROOT\": "
		"choose another root-label, or another label for the guest's /boot.");
}

static void a_boot_disk_belongs_to_pygrub(void **state)
{
	(void)state;
	set("boot-disk=/dev/vdb");
	refuses("The configuration names a boot-disk, but only the layout pygrub has one, and this "
		"is gpt: leave it out.");
}

static void an_image_file_takes_no_boot_loader(void **state)
{
	(void)state;
	disk.image_file = true;
	strcpy(disk.path, "/srv/guest.img");
	refuses("/srv/guest.img is an image file, and the boot loader of the layout gpt can be "
		"installed only in a machine that has the disk: start one from the installer's "
		"ISO, choose the layout pygrub or direct, or make an image with systemd-boot by the "
		"command image.");
}

static void an_image_that_is_filled_without_a_machine_takes_one(void **state)
{
	(void)state;
	disk.image_file = true;
	needs.unmounted = true;
	needs.firmware = 0;
	manifest.firmware = FIRMWARE_UEFI;
	strcpy(manifest.boot_loader, "systemd-boot");
	strcpy(manifest.boot_device, "nodev");
	accepts();
}

static void a_loader_that_does_not_serve_is_refused(void **state)
{
	(void)state;
	strcpy(manifest.boot_loader, "none");
	refuses("The guest has no boot loader, and a disk with the layout gpt boots by one: enable "
		"one in the guest.");
	strcpy(manifest.boot_loader, "systemd-boot");
	refuses("The manifest says that the guest boots by BIOS, but its boot loader systemd-boot "
		"cannot: use GRUB, or leave bios out of the manifest's firmware.");
	strcpy(manifest.boot_loader, "external");
	refuses("The manifest says that the guest boots by BIOS, but its boot loader external "
		"cannot: use GRUB, or leave bios out of the manifest's firmware.");
	manifest.firmware = FIRMWARE_UEFI;
	needs.firmware = FIRMWARE_UEFI;
	accepts();
}

static void somebody_has_to_be_able_to_enter(void **state)
{
	const char *sentence = "The guest has no SSH server, so no one could log in with the keys: "
			       "enable one in the guest, or say keys = none.";

	(void)state;
	manifest.ssh_enabled = false;
	refuses(sentence);
	set("keys=none");
	accepts();
}

static void the_server_has_to_look_where_the_keys_go(void **state)
{
	static const char *const good[] = { "%h/.ssh/authorized_keys", ".ssh/authorized_keys",
		"/root/.ssh/authorized_keys", "/%u/.ssh/authorized_keys" };
	static const char *const bad[] = { "/etc/ssh/authorized_keys.d/%u", ".ssh/authorized_keys2",
		"/home/%u/.ssh/authorized_keys", "%%h/.ssh/authorized_keys", "none", "%", "" };

	(void)state;
	manifest.ssh_key_file_count = 1;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		strcpy(manifest.ssh_key_files[0], good[i]);
		accepts();
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(manifest.ssh_key_files[0], bad[i]);
		refuses("The guest's SSH server does not look at /root/.ssh/authorized_keys, where "
			"the keys go: add %h/.ssh/authorized_keys to its AuthorizedKeysFile, or "
			"say "
			"keys = none.");
	}
	set("keys-user=alice");
	strcpy(manifest.ssh_key_files[0], "/home/%u/.ssh/authorized_keys");
	accepts();
	strcpy(manifest.ssh_key_files[0], "/root/.ssh/authorized_keys");
	refuses("The guest's SSH server does not look at /home/alice/.ssh/authorized_keys, where "
		"the keys go: add %h/.ssh/authorized_keys to its AuthorizedKeysFile, or say "
		"keys = none.");
}

static void a_firewall_has_to_admit_clients(void **state)
{
	(void)state;
	manifest.ssh_firewalled = true;
	refuses("The guest's firewall admits no client to its SSH server, so no one could log in with the "
		"keys: set services.openssh.openFirewall or add the port to "
		"networking.firewall.allowedTCPPorts in the guest, or say keys = none.");
	set("keys=none");
	accepts();
}

static void the_server_has_to_let_the_user_in(void **state)
{
	(void)state;
	strcpy(manifest.permit_root_login, "prohibit-password");
	accepts();
	strcpy(manifest.permit_root_login, "no");
	refuses("The guest's SSH server does not let root in (PermitRootLogin no), and the keys are "
		"for root: set keys-user to a user of the guest, or the guest's "
		"services.openssh.settings.PermitRootLogin to \"prohibit-password\".");
	strcpy(manifest.permit_root_login, "forced-commands-only");
	refuses("The guest's SSH server does not let root in (PermitRootLogin forced-commands-only), "
		"and the keys are for root: set keys-user to a user of the guest, or the guest's "
		"services.openssh.settings.PermitRootLogin to \"prohibit-password\".");
	set("keys-user=alice");
	accepts();
	manifest.allow_user_count = 2;
	strcpy(manifest.allow_users[0], "bob");
	strcpy(manifest.allow_users[1], "alice");
	accepts();
	strcpy(manifest.allow_users[1], "al*");
	accepts();
	strcpy(manifest.allow_users[1], "carol");
	refuses("The guest's SSH server does not let alice in (AllowUsers), and the keys are for "
		"alice: set keys-user to a user whom it lets in, or add alice to the guest's "
		"services.openssh.settings.AllowUsers.");
}

static void accounts_of_the_boot_are_known_before(void **state)
{
	struct boot_account *alice = &manifest.accounts.list[2];

	(void)state;
	boot_accounts_assume(&manifest.accounts);
	config.host_keys.mode = HOST_KEYS_AUTO;
	assert_int_equal(accepts().host_keys, HOST_KEYS_NONE);
	set("keys-user=alice");
	refuses("The guest has no user alice to give the keys to (it has root, sshd): set keys-user "
		"to one of its users.");
	*alice = (struct boot_account){ .name = "alice", .group = "users", .home = "/srv/alice" };
	manifest.accounts.count = 3;
	refuses("The guest chooses the numbers of alice at boot, so the keys cannot have the right "
		"owner: set users.users.alice.uid and users.groups.users.gid in the guest, or give "
		"the keys to root.");
	alice->numbered = true;
	accepts();
	strcpy(manifest.ssh_key_files[1], "/home/alice/.ssh/authorized_keys");
	refuses("The guest's SSH server does not look at /srv/alice/.ssh/authorized_keys, where the "
		"keys go: add %h/.ssh/authorized_keys to its AuthorizedKeysFile, or say keys = "
		"none.");
	strcpy(manifest.ssh_key_files[1], "/srv/alice/.ssh/authorized_keys");
	accepts();
	config.keys.from = 0;
	alice->numbered = false;
	accepts();
	set("keys-user=bob");
	accepts();
	config.host_keys.mode = HOST_KEYS_GENERATE;
	refuses("host-keys = generate, but the guest creates its accounts at boot, and ssh-keygen "
		"does not run without them: leave host-keys out, and the guest makes its keys at its "
		"first boot.");
}

static void no_file_goes_into_a_read_only_etc(void **state)
{
	(void)state;
	config.files.count = 1;
	strcpy(config.files.files[0].target, "/etc/motd");
	manifest.etc_overlay = manifest.etc_mutable = true;
	accepts();
	manifest.etc_mutable = false;
	refuses("files = /etc/motd: the guest's /etc is read-only (system.etc.overlay.mutable): choose "
		"a path outside it, or let the guest have the file by environment.etc.");
	strcpy(config.files.files[0].target, "/root/motd");
	accepts();
	config.files.count = 0;
	strcpy(config.hostname, "web");
	refuses("hostname = web: the guest's /etc is read-only (system.etc.overlay.mutable): leave "
		"hostname out, and let the guest set networking.hostName.");
}

static void a_system_without_activation_names_its_boot_loaders_installer(void **state)
{
	(void)state;
	manifest.activation = false;
	refuses("The guest has no switch-to-configuration, and its manifest does not name the "
		"program that installs its boot loader (installer): make the manifest again from "
		"the guest's configuration, or set system.activatable = true.");
	strcpy(manifest.boot_installer, SYSTEM);
	accepts();
	begin(state);
	make_direct_guest();
	manifest.activation = false;
	accepts();
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_gpt_guest_has_its_golden_plan),
		TEST(a_bios_guest_has_its_golden_plan),
		TEST(swap_goes_behind_the_root),
		TEST(a_boot_of_its_own_has_its_golden_plan),
		TEST(a_uefi_guest_on_4_kib_sectors_has_its_golden_plan),
		TEST(a_pygrub_guest_has_its_golden_plan),
		TEST(a_direct_guest_has_its_golden_plan),
		TEST(an_image_file_with_everything_fixed_has_its_golden_plan),
		TEST(without_a_manifest_xen_makes_it_pygrub),
		TEST(a_guest_that_no_firmware_boots_needs_no_boot_sector),
		TEST(two_whole_disks_have_their_limits),
		TEST(a_boot_disk_belongs_to_pygrub),
		TEST(an_image_file_takes_no_boot_loader),
		TEST(an_image_that_is_filled_without_a_machine_takes_one),
		TEST(without_a_manifest_the_layout_is_gpt),
		TEST(the_same_seed_gives_the_same_plan_and_another_another),
		TEST(every_uuid_is_another_one_and_of_version_5),
		TEST(labels_are_the_users_else_the_manifests),
		TEST(the_roots_uuid_is_the_configurations_else_the_manifests),
		TEST(planned_labels_are_those_of_the_plan),
		TEST(a_planned_swap_has_a_planned_label),
		TEST(two_equal_labels_are_refused),
		TEST(a_swap_labelled_as_something_else_is_refused),
		TEST(partitions_are_aligned_apart_and_leave_the_last_mib),
		TEST(the_root_lies_where_its_mark_is_looked_for),
		TEST(a_small_guest_needs_one_gib_for_its_root),
		TEST(bytes_files_and_inodes_all_count),
		TEST(the_largest_manifest_does_not_overflow),
		TEST(the_largest_closure_does_not_overflow),
		TEST(one_byte_less_than_needed_is_refused_with_both_numbers),
		TEST(the_swap_counts_in_what_is_needed),
		TEST(the_manifests_files_count_if_nobody_knows_better),
		TEST(an_mbr_ends_at_2_tib),
		TEST(layouts_have_to_agree),
		TEST(systems_have_to_agree),
		TEST(mounts_have_to_be_in_the_plan),
		TEST(a_guest_that_swaps_needs_a_swap),
		TEST(partitions_get_the_names_that_the_guest_expects),
		TEST(a_bios_layout_has_no_efi_mount),
		TEST(an_arm_guest_has_no_partition_for_a_bios),
		TEST(an_arm_guest_has_neither_bios_nor_pygrub),
		TEST(a_guest_for_another_machine_is_refused),
		TEST(uefi_needs_an_esp_and_a_loader_on_it),
		TEST(the_firmware_that_booted_us_has_to_boot_the_guest),
		TEST(a_bios_does_not_boot_from_4_kib_sectors),
		TEST(grub_has_to_go_to_the_disk),
		TEST(a_loader_that_does_not_serve_is_refused),
		TEST(somebody_has_to_be_able_to_enter),
		TEST(the_server_has_to_look_where_the_keys_go),
		TEST(a_firewall_has_to_admit_clients),
		TEST(the_server_has_to_let_the_user_in),
		TEST(accounts_of_the_boot_are_known_before),
		TEST(no_file_goes_into_a_read_only_etc),
		TEST(a_system_without_activation_names_its_boot_loaders_installer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
