/* SPDX-License-Identifier: MIT */
/* Proves that each part of a disk's content is compared before the first write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "disk/same_content.h"

#define UUID "76543210-89ab-4cde-8f01-23456789abcd"

/* A disk of which every part is set. */
static const struct disk disk = {
	.name = "vda",
	.table = "gpt",
	.table_id = UUID,
	.signature = "ext4",
	.nonzero = true,
	.nonzero_offset_bytes = 512,
	.unreadable = "I/O error",
	.labels = { { "vda1", "nixos", UUID, MIB } },
	.label_count = 1,
	.starts = { { "ext4", "nixos", UUID, MIB } },
	.start_count = 1,
	.marks = { [LAYOUT_GPT] = { .state = MARK_INSTALLED,
			   .system = "/nix/store/x",
			   .table_id = UUID,
			   .fs_uuid = UUID,
			   .start = MARK_START_KEXEC,
			   .start_superblock = 1 } },
	.wipe_token = "0123456789abcdef",
};

/* The size of a part, and where it is: its first byte is changed. */
#define PART(member)                                                                               \
	{                                                                                          \
#member, offsetof(struct disk, member)                                             \
	}

static const struct {
	const char *name;
	size_t offset;
} parts[] = {
	PART(table),
	PART(table_id),
	PART(signature),
	PART(nonzero),
	PART(nonzero_offset_bytes),
	PART(unreadable),
	PART(label_count),
	PART(labels[0].where),
	PART(labels[0].label),
	PART(labels[0].uuid),
	PART(labels[0].offset_bytes),
	PART(start_count),
	PART(starts[0].type),
	PART(starts[0].label),
	PART(starts[0].uuid),
	PART(starts[0].offset_bytes),
	PART(marks[LAYOUT_GPT].state),
	PART(marks[LAYOUT_GPT].system),
	PART(marks[LAYOUT_GPT].table_id),
	PART(marks[LAYOUT_GPT].fs_uuid),
	PART(marks[LAYOUT_GPT].start),
	PART(marks[LAYOUT_GPT].start_superblock),
	PART(wipe_token),
};

static void a_disk_with_another_name_has_the_same_content(void **state)
{
	struct disk other = disk;

	(void)state;
	strcpy(other.name, "vdb");
	assert_true(same_content(&disk, &other));
}

static void every_part_of_the_content_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct disk other = disk;

		((char *)&other)[parts[i].offset] ^= 1;
		if (same_content(&disk, &other))
			fail_msg("%s is not compared", parts[i].name);
	}
}

static void the_first_byte_of_a_blank_disk_is_nowhere(void **state)
{
	static const struct disk blank = { .nonzero = false },
				 other = { .nonzero = false, .nonzero_offset_bytes = 1 };

	(void)state;
	assert_true(same_content(&blank, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_with_another_name_has_the_same_content),
		cmocka_unit_test(every_part_of_the_content_counts),
		cmocka_unit_test(the_first_byte_of_a_blank_disk_is_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
