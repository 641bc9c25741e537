/* SPDX-License-Identifier: MIT */
/* Proves which modules the devices above a disk name, with a folder in place of /sys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cachedir.h"
#include "disk/disk_drivers.h"

static char folder[64];
static struct disk_drivers drivers;

static void make_folder(const char *path)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s/%s", folder, path);
	for (char *slash = strchr(whole + strlen(folder) + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	mkdir(whole, 0755);
}

/* A device with a driver; module: NULL for one that is built in. */
static void bind_driver(const char *device, const char *driver, const char *module)
{
	char path[512], target[512];

	make_folder(device);
	snprintf(path, sizeof(path), "bus/%s", driver);
	make_folder(path);
	snprintf(target, sizeof(target), "%s/bus/%s", folder, driver);
	snprintf(path, sizeof(path), "%s/%s/driver", folder, device);
	assert_int_equal(symlink(target, path), 0);
	if (!module)
		return;
	snprintf(path, sizeof(path), "module/%s", module);
	make_folder(path);
	snprintf(target, sizeof(target), "%s/module/%s", folder, module);
	snprintf(path, sizeof(path), "%s/bus/%s/module", folder, driver);
	(void)!symlink(target, path);
}

static void find(const char *device)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, device);
	disk_drivers_find(path, &drivers);
}

static void each_device_above_the_disk_counts(void **state)
{
	(void)state;
	bind_driver("pci0/bridge", "pcieport", NULL);
	bind_driver("pci0/bridge/card", "vmw_pvscsi", "vmw_pvscsi");
	bind_driver("pci0/bridge/card/host0/0:0:0:0", "sd", "sd_mod");
	make_folder("pci0/bridge/card/host0/0:0:0:0/block/sda");
	find("pci0/bridge/card/host0/0:0:0:0/block/sda");
	assert_int_equal(drivers.count, 2);
	assert_string_equal(drivers.modules[0], "sd_mod");
	assert_string_equal(drivers.modules[1], "vmw_pvscsi");
}

static void a_driver_of_several_devices_counts_once(void **state)
{
	(void)state;
	bind_driver("usb/hub", "usb", "usbcore");
	bind_driver("usb/hub/port", "usb-port", "usbcore");
	make_folder("usb/hub/port/block/sdb");
	find("usb/hub/port/block/sdb");
	assert_int_equal(drivers.count, 1);
	assert_string_equal(drivers.modules[0], "usbcore");
}

static void an_image_file_has_no_drivers(void **state)
{
	(void)state;
	disk_drivers_find("", &drivers);
	assert_int_equal(drivers.count, 0);
	disk_drivers_find("disk.img", &drivers);
	assert_int_equal(drivers.count, 0);
}

static void further_drivers_than_there_is_room_for_are_left_out(void **state)
{
	char path[512] = "deep", driver[32];

	(void)state;
	for (unsigned i = 0; i < DISK_DRIVERS_MAX + 2; i++) {
		snprintf(driver, sizeof(driver), "driver%u", i);
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%u", i);
		bind_driver(path, driver, driver);
	}
	find(path);
	assert_int_equal(drivers.count, DISK_DRIVERS_MAX);
}

static int set_up(void **state)
{
	(void)state;
	cachedir_scratch(folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	cachedir_remove_tree(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_device_above_the_disk_counts),
		cmocka_unit_test(a_driver_of_several_devices_counts_once),
		cmocka_unit_test(an_image_file_has_no_drivers),
		cmocka_unit_test(further_drivers_than_there_is_room_for_are_left_out),
	};

	return cmocka_run_group_tests(tests, set_up, remove_folder);
}
