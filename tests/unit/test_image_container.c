/* SPDX-License-Identifier: MIT */
/* Proves which disk images are not raw. qemu-img makes them in tests/loop/mistakes.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "disk/image_container.h"

static void the_first_bytes_name_the_format(void **state)
{
	static const struct {
		const char *start, *name;
		size_t bytes, offset_bytes;
	} cases[] = {
		{ "QFI\xfb\0\0\0\3", "qcow2", 8, 0 },
		{ "QED\0", "QED", 4, 0 },
		{ "KDMV\1", "VMDK", 5, 0 },
		{ "# Disk DescriptorFile\n", "VMDK", 22, 0 },
		{ "\x7f\x10\xda\xbe", "VDI", 4, 64 },
		{ "vhdxfile", "VHDX", 8, 0 },
		{ "conectix", "VHD", 8, 0 },
		{ "WithoutFreeSpace", "Parallels", 16, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t sector[IMAGE_CONTAINER_BYTES] = { 0 };

		memcpy(sector + cases[i].offset_bytes, cases[i].start, cases[i].bytes);
		assert_string_equal(image_container_name(sector, sizeof(sector)), cases[i].name);
		assert_null(image_container_name(sector, cases[i].offset_bytes + 2));
		sector[cases[i].offset_bytes] ^= 0x80;
		assert_null(image_container_name(sector, sizeof(sector)));
	}
}

static void a_raw_disk_has_no_format(void **state)
{
	uint8_t sector[IMAGE_CONTAINER_BYTES] = { 0 };

	(void)state;
	assert_null(image_container_name(sector, sizeof(sector)));
	assert_null(image_container_name(sector, 0));
	memcpy(sector, "\xeb\x63\x90", 3); /* GRUB's boot sector */
	sector[510] = 0x55;
	sector[511] = 0xaa;
	assert_null(image_container_name(sector, sizeof(sector)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_bytes_name_the_format),
		cmocka_unit_test(a_raw_disk_has_no_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
