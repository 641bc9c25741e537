/* SPDX-License-Identifier: MIT */
/* Proves which disk's finished install is started, and which are refused: by select_installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/select_installed.h"

#define SYSTEM	   "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define GUID	   "01234567-89AB-4CDE-8F01-23456789ABCD"
#define OTHER_GUID "01234567-89AB-4CDE-8F01-000000000000"
#define ROOT_UUID  "76543210-89ab-4cde-8f01-23456789abcd"
#define BOOT_UUID  "76543210-89ab-4cde-8f01-00000000b007"
#define OTHER_UUID "76543210-89ab-4cde-8f01-000000000000"

#define DISK(n, ...)                                                                               \
	{                                                                                          \
		.name = n, .path = "/dev/" n, .size_bytes = 4 * GIB, .sector_bytes = 512,          \
		__VA_ARGS__                                                                        \
	}
#define BLANK(n) DISK(n, .serial = "")
#define MARK(id, uuid)                                                                             \
	{                                                                                          \
		.state = MARK_INSTALLED, .system = SYSTEM, .table_id = id, .fs_uuid = uuid         \
	}
#define MARK_AS(...)                                                                               \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define ROOT(n, uuid, at)                                                                          \
	{                                                                                          \
		n, "nixos", uuid, at                                                               \
	}
/* A guest of layout gpt, of which one part may be wrong. */
#define GUEST_OF(n, kind, id, root, mark, ...)                                                     \
	DISK(n, .table = kind, .table_id = id, .nonzero = true,                                    \
		.labels = { { n "2", "ESP", "1234-5678", 2 * MIB }, root }, .label_count = 2,      \
		.marks = { [LAYOUT_GPT] = mark }, __VA_ARGS__)
#define OWN_ROOT(n)   ROOT(n "3", ROOT_UUID, 514 * MIB)
#define GUEST(n, ...) GUEST_OF(n, "gpt", GUID, OWN_ROOT(n), MARK(GUID, ROOT_UUID), __VA_ARGS__)
#define ROOTED(n, uuid, at)                                                                        \
	GUEST_OF(n, "gpt", GUID, ROOT(n "3", uuid, at), MARK(GUID, ROOT_UUID), .serial = "")
#define TABLED(n, kind, id) GUEST_OF(n, kind, id, OWN_ROOT(n), MARK(GUID, ROOT_UUID), .serial = "")
#define MARKED(n, ...)	    GUEST_OF(n, "gpt", GUID, OWN_ROOT(n), MARK_AS(__VA_ARGS__), .serial = "")
#define MBR_GUEST(n)                                                                               \
	DISK(n, .table = "dos", .table_id = "12ab34cd", .nonzero = true,                           \
		.labels = { ROOT(n "1", ROOT_UUID, MIB) }, .label_count = 1,                       \
		.marks = { [LAYOUT_BIOS] = MARK("0x12ab34cd", ROOT_UUID),                          \
			[LAYOUT_DIRECT] = MARK("0x12ab34cd", ROOT_UUID) })
#define WHOLE(n, label, uuid)                                                                      \
	DISK(n, .signature = "ext4", .nonzero = true, .labels = { { n, label, uuid, 0 } },         \
		.label_count = 1, .marks = { [LAYOUT_PYGRUB] = MARK("", uuid) })
#define DATA(n, text, id)                                                                          \
	DISK(n, .signature = "ext4", .nonzero = true, .labels = { { n, text, id, 0 } },            \
		.label_count = 1)

struct start_row {
	const char *name;
	const char *disk;      /* NULL: auto */
	const char *boot_disk; /* NULL: auto */
	bool physical_machine;
	struct disk disks[4];
	const char *started; /* the disk's name; NULL: none is found, if code is 0 */
	const char *boot;
	int code;
	const char *says;
};

static const struct start_row rows[] = {
	{ "a_blank_disk_is_for_an_install", .disks = { BLANK("vda") } },
	{ "a_finished_guest_is_started", .disks = { GUEST("vda", .serial = "") },
		.started = "vda" },
	{ "one_with_an_mbr_is_started", .disks = { MBR_GUEST("vda") }, .started = "vda" },
	{ "it_is_started_beside_a_blank_disk",
		.disks = { BLANK("vda"), GUEST("vdb", .serial = "") }, .started = "vdb" },
	{ "it_is_started_beside_a_disk_with_data",
		.disks = { GUEST("vda", .serial = ""), DATA("vdb", "data", OTHER_UUID) },
		.started = "vda" },
	{ "the_named_one_of_two_is_not_started_beside_its_twin", .disk = "/dev/vdb",
		.disks = { GUEST("vda", .serial = ""), GUEST("vdb", .serial = "") },
		.code = EXIT_NOT_BLANK, .says = "vda carries the name ESP" },
	{ "a_named_blank_disk_is_for_an_install", .disk = "/dev/vdb",
		.disks = { GUEST("vda", .serial = ""), BLANK("vdb") } },
	{ "of_two_none_is_started",
		.disks = { GUEST("vda", .serial = ""), GUEST("vdb", .serial = "") },
		.code = EXIT_ALREADY_INSTALLED, .says = "vda is not the only disk" },
	{ "one_of_another_size_than_was_asked_for_is_not_started", .disk = "size:>20G",
		.disks = { GUEST("vda", .serial = "") } },
	{ "a_disk_of_a_physical_machine_is_not_started", .physical_machine = true,
		.disks = { GUEST("sda", .vendor = "QEMU", .model = "QEMU HARDDISK") } },
	{ "an_emulated_disk_is_started",
		.disks = { GUEST("sda", .vendor = "QEMU", .model = "QEMU HARDDISK") },
		.started = "sda" },
	{ "a_usb_disk_is_not_started", .disks = { GUEST("sda", .usb = true) } },
	{ "a_read_only_disk_is_not_started", .disks = { GUEST("vda", .read_only = true) } },
	{ "a_disk_in_use_is_not_started", .disks = { GUEST("vda", .used_by = "mounted on /x") } },
	{ "an_unfinished_install_is_not_started",
		.disks = { MARKED("vda", .state = MARK_UNFINISHED, .fs_uuid = ROOT_UUID) } },
	{ "a_damaged_mark_is_no_install", .disks = { MARKED("vda", .state = MARK_DAMAGED) } },
	{ "a_new_table_above_the_mark_is_refused", .disks = { TABLED("vda", "gpt", OTHER_GUID) },
		.code = EXIT_ALREADY_INSTALLED, .says = "but not the partition table" },
	{ "a_table_of_another_kind_above_the_mark_is_refused",
		.disks = { TABLED("vda", "dos", "12ab34cd") }, .code = EXIT_ALREADY_INSTALLED,
		.says = "but not the partition table" },
	{ "another_root_file_system_is_refused", .disks = { ROOTED("vda", OTHER_UUID, 514 * MIB) },
		.code = EXIT_ALREADY_INSTALLED, .says = "root file system that the mark names" },
	{ "the_root_file_system_at_another_place_is_refused",
		.disks = { ROOTED("vda", ROOT_UUID, MIB) }, .code = EXIT_ALREADY_INSTALLED,
		.says = "root file system that the mark names" },
	{ "a_mark_of_version_1_is_not_believed",
		.disks = { MARKED("vda", .state = MARK_INSTALLED, .system = SYSTEM) },
		.code = EXIT_ALREADY_INSTALLED, .says = "but not the partition table" },
	{ "the_label_of_the_root_on_another_disk_is_refused",
		.disks = { GUEST("vda", .serial = ""), DATA("vdb", "nixos", OTHER_UUID) },
		.code = EXIT_NOT_BLANK,
		.says = "vdb carries the name nixos of a file system of the guest on vda" },
	{ "the_uuid_of_the_root_on_another_disk_is_refused",
		.disks = { GUEST("vda", .serial = ""), DATA("vdb", "x", ROOT_UUID) },
		.code = EXIT_NOT_BLANK, .says = "vdb carries the name " ROOT_UUID },
	{ "both_disks_of_pygrub_are_started",
		.disks = { WHOLE("xvda", "NIXBOOT", BOOT_UUID),
			WHOLE("xvdb", "NIXROOT", ROOT_UUID) },
		.started = "xvdb", .boot = "xvda" },
	{ "both_disks_of_pygrub_can_be_named", .disk = "/dev/vdb", .boot_disk = "/dev/vda",
		.disks = { WHOLE("vda", "NIXBOOT", BOOT_UUID), WHOLE("vdb", "NIXROOT", ROOT_UUID) },
		.started = "vdb", .boot = "vda" },
	{ "a_root_of_pygrub_without_its_boot_disk_is_refused",
		.disks = { BLANK("xvda"), WHOLE("xvdb", "NIXROOT", ROOT_UUID) },
		.code = EXIT_ALREADY_INSTALLED, .says = "without its boot disk" },
	{ "a_boot_disk_that_is_mounted_is_refused",
		.disks = { DISK("xvda", .used_by = "mounted on /x",
				   .marks = { [LAYOUT_PYGRUB] = MARK("", BOOT_UUID) }),
			WHOLE("xvdb", "NIXROOT", ROOT_UUID) },
		.code = EXIT_ALREADY_INSTALLED, .says = "without its boot disk" },
	{ "a_boot_disk_with_another_file_system_than_its_mark_names_is_refused",
		.disks = { DISK("xvda", .signature = "ext4", .nonzero = true,
				   .labels = { { "xvda", "NIXBOOT", OTHER_UUID, 0 } },
				   .label_count = 1,
				   .marks = { [LAYOUT_PYGRUB] = MARK("", BOOT_UUID) }),
			WHOLE("xvdb", "NIXROOT", ROOT_UUID) },
		.code = EXIT_ALREADY_INSTALLED, .says = "without its boot disk" },
	{ "the_label_of_the_boot_disk_on_another_disk_is_refused",
		.disks = { WHOLE("xvda", "NIXBOOT", BOOT_UUID), WHOLE("xvdb", "NIXROOT", ROOT_UUID),
			DATA("xvdc", "NIXBOOT", OTHER_UUID) },
		.code = EXIT_NOT_BLANK, .says = "xvdc carries the name NIXBOOT" },
	{ "pygrubs_guest_is_started_beside_a_disk_with_data",
		.disks = { WHOLE("xvda", "NIXBOOT", BOOT_UUID), WHOLE("xvdb", "NIXROOT", ROOT_UUID),
			DATA("xvdc", "data", OTHER_UUID) },
		.started = "xvdb", .boot = "xvda" },
	{ "file_systems_without_a_label_do_not_share_one",
		.disks = { WHOLE("xvda", "", BOOT_UUID), WHOLE("xvdb", "", ROOT_UUID),
			DATA("xvdc", "", "") },
		.started = "xvdb", .boot = "xvda" },
	{ "a_size_that_is_none_starts_no_guest", .disk = "size:large",
		.disks = { GUEST("vda", .serial = "") } },
	{ "a_boot_disk_of_pygrub_alone_is_no_guest",
		.disks = { WHOLE("xvda", "NIXBOOT", BOOT_UUID), BLANK("xvdb") } },
};

static void check_start_row(void **state)
{
	const struct start_row *row = *state;
	const struct select_request request = {
		.disk = row->disk ? row->disk : "auto",
		.boot_disk = row->boot_disk ? row->boot_disk : "auto",
		.virtual_machine = !row->physical_machine,
		.layout = LAYOUT_GPT,
	};
	struct installed_choice choice = { .found = false };
	struct error err = { 0 };
	size_t count = 0;
	int r;

	while (count < 4 && row->disks[count].name[0])
		count++;
	r = select_installed(&request, row->disks, count, &choice, &err);
	if (row->code) {
		assert_true(r < 0);
		assert_int_equal(err.code, row->code);
		if (!strstr(err.text, row->says))
			fail_msg("the sentence is: %s", err.text);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(choice.found, row->started != NULL);
	if (!row->started)
		return;
	assert_string_equal(row->disks[choice.target].name, row->started);
	assert_string_equal(choice.mark->fs_uuid, ROOT_UUID);
	if (row->boot)
		assert_string_equal(row->disks[choice.boot].name, row->boot);
	else
		assert_int_equal(choice.boot, SIZE_MAX);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			.test_func = check_start_row,
			.initial_state = (void *)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
