/* SPDX-License-Identifier: MIT */
/* Proves that the first sector and GRUB's core image are compared with those of its folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "verify/grub_disk.h"

#define CORE_BYTES  2000
#define CORE_SECTOR 1

static char folder[] = "/tmp/guest-installer-grub.XXXXXX";
static uint8_t boot[512], core[CORE_BYTES], disk[4096];

static void write_image(const char *name, const uint8_t *data, size_t size_bytes)
{
	char path[FILE_PATH_BYTES];
	struct error err;

	file_below(path, folder, "/%s", name);
	if (file_write(path, data, size_bytes, 0644, getuid(), getgid(), &err) < 0)
		fail_msg("%s", err.text);
}

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	memset(boot, 0xb0, sizeof(boot));
	memset(core, 0xc0, sizeof(core));
	write_image("boot.img", boot, sizeof(boot));
	write_image("core.img", core, sizeof(core));
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "/boot.img", "/core.img", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[FILE_PATH_BYTES];

		file_below(path, folder, "%s", names[i]);
		remove(path);
	}
	return 0;
}

/* The disk as grub-install leaves it. */
static int make_disk(void **state)
{
	(void)state;
	memset(disk, 0, sizeof(disk));
	memcpy(disk, boot, sizeof(boot));
	memset(disk + 0x5c, 0, 8);
	disk[0x5c] = CORE_SECTOR;
	disk[510] = 0x55;
	disk[511] = 0xaa;
	memcpy(disk + 512, core, sizeof(core));
	disk[512 + 500] = 1; /* the block list */
	return 0;
}

static void judged(const char *sentence)
{
	int fd = memfd_create("disk", 0);
	struct error err = { 0 };
	int r;

	assert_int_equal(write(fd, disk, sizeof(disk)), sizeof(disk));
	r = grub_disk_verify(fd, disk, folder, &err);
	close(fd);
	if (!sentence && r < 0)
		fail_msg("%s", err.text);
	if (sentence && (r == 0 || !strstr(err.text, sentence)))
		fail_msg("\"%s\" instead of \"%s\"", err.text, sentence);
}

static void what_grub_install_wrote_is_accepted(void **state)
{
	(void)state;
	judged(NULL);
	disk[0x1b8] = 7; /* the disk's id */
	judged(NULL);
}

static void another_first_sector_is_refused(void **state)
{
	(void)state;
	disk[0x100] ^= 1;
	judged("first sector is not the one");
	make_disk(NULL);
	disk[511] = 0;
	judged("first sector is not the one");
	make_disk(NULL);
	disk[510] = 0;
	judged("first sector is not the one");
}

static void another_core_image_is_refused(void **state)
{
	(void)state;
	disk[512 + CORE_BYTES - 1] ^= 1;
	judged("core image on the disk");
	make_disk(NULL);
	disk[512] ^= 1;
	judged("core image on the disk");
	make_disk(NULL);
	disk[0x5d] = 1;
	judged("past the end of the disk");
}

static void what_cannot_be_read_is_an_error(void **state)
{
	struct error err = { 0 };
	char path[FILE_PATH_BYTES];

	(void)state;
	assert_true(grub_disk_verify(-1, disk, folder, &err) < 0);
	assert_non_null(strstr(err.text, "read the boot loader back"));
	write_image("core.img", core, 1023);
	judged("core.img is too short (1023 bytes)");
	file_below(path, folder, "/core.img");
	remove(path);
	judged("core.img");
	write_image("boot.img", boot, 511);
	judged("boot.img is too short (511 bytes)");
	file_below(path, folder, "/boot.img");
	remove(path);
	judged("boot.img");
	write_image("boot.img", boot, sizeof(boot));
	write_image("core.img", core, sizeof(core));
}

/* The disk's id and the table are no code. */
static void a_first_sector_without_code_boots_nothing(void **state)
{
	(void)state;
	assert_true(grub_disk_has_boot_code(disk));
	memset(disk, 0, 0x1b8);
	assert_false(grub_disk_has_boot_code(disk));
	disk[0x1b7] = 1;
	assert_true(grub_disk_has_boot_code(disk));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_grub_install_wrote_is_accepted, make_disk),
		cmocka_unit_test_setup(another_first_sector_is_refused, make_disk),
		cmocka_unit_test_setup(another_core_image_is_refused, make_disk),
		cmocka_unit_test_setup(what_cannot_be_read_is_an_error, make_disk),
		cmocka_unit_test_setup(a_first_sector_without_code_boots_nothing, make_disk),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
