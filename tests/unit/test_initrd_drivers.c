/* SPDX-License-Identifier: MIT */
/* Proves when a guest's initrd lacks a driver of the disk, with a folder in place of the mounted
 * target. tests/engines/shapes.sh asks a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guest_root.h"
#include "verify/initrd_drivers.h"

#define SYSTEM	"/nix/store/00000000000000000000000000000000-system"
#define MODULES SYSTEM "/kernel-modules/lib/modules"
#define KERNEL	MODULES "/6.1.0"

static const struct disk_drivers ahci = { .modules = { "sd_mod", "ahci" }, .count = 2 };
static const struct disk_drivers none = { .count = 0 };

/* sentence: NULL if the guest passes. */
static void verify_says(
	const char *listed, const struct disk_drivers *drivers, const char *sentence)
{
	struct error err = { 0 };
	int r = initrd_drivers_verify(root, SYSTEM, listed, drivers, &err);

	says(r, &err, sentence);
}

static void a_guest_whose_modules_are_not_known_is_not_judged(void **state)
{
	(void)state;
	verify_says("", &ahci, NULL);
	verify_says("virtio_blk ", &none, NULL);
	verify_says("virtio_blk ", &ahci, NULL);
	make_below(MODULES);
	verify_says("virtio_blk ", &ahci, NULL);
	make_below(KERNEL);
	verify_says("virtio_blk ", &ahci, NULL);
	put(KERNEL "/modules.dep", "");
	verify_says("virtio_blk ", &ahci, NULL);
}

static void each_driver_has_to_be_there(void **state)
{
	(void)state;
	make_below(MODULES);
	make_below(KERNEL);
	put(KERNEL "/modules.dep", "kernel/ahci.ko: kernel/libahci.ko\n");
	put(KERNEL "/modules.builtin", "kernel/sd_mod.ko\n");
	verify_says("ahci ", &ahci, NULL);
	verify_says("ahci sd_mod ", &ahci, NULL);
	verify_says("virtio_blk sd_mod ", &ahci,
		"The guest's initrd has no driver ahci, by which this machine reaches the disk");
}

static void a_list_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	make_below(MODULES);
	make_below(KERNEL);
	make_below(KERNEL "/modules.dep");
	verify_says("virtio_blk ", &ahci, "modules.dep");
}

static int begin(void **state)
{
	static const char *const folders[] = { "/nix", "/nix/store", SYSTEM,
		SYSTEM "/kernel-modules", SYSTEM "/kernel-modules/lib" };

	(void)state;
	make_root(folders, sizeof(folders) / sizeof(folders[0]));
	return 0;
}

static int end(void **state)
{
	(void)state;
	remove_root();
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_guest_whose_modules_are_not_known_is_not_judged),
		TEST(each_driver_has_to_be_there),
		TEST(a_list_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
