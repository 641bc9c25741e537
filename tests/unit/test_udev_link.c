/* SPDX-License-Identifier: MIT */
/* Proves which names below /dev/disk are derived from what /sys says. That udev makes the same ones
 * is shown by tests/qemu/disks.sh; the names here are of machines with systemd 252. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "disk/udev_link.h"

#define PCI "/sys/devices/pci0000:00/"

struct sample {
	const char *name;
	struct disk disk;
	const char *expected;
};

static const struct sample samples[] = {
	{ "virtio_blk",
		{ .name = "vda",
			.serial = "root-1",
			.sysfs_path = PCI "0000:00:02.0/virtio1/block/vda" },
		"/dev/disk/by-id/virtio-root-1\n/dev/disk/by-path/pci-0000:00:02.0\n" },
	{ "virtio_blk_behind_a_bridge_without_serial",
		{ .name = "vda", .sysfs_path = PCI "0000:00:02.1/0000:02:00.0/virtio1/block/vda" },
		"/dev/disk/by-path/pci-0000:02:00.0\n" },
	{ "virtio_blk_without_pci",
		{ .name = "vda",
			.sysfs_path = "/sys/devices/platform/LNRO0005:01/virtio1/block/vda" },
		"" },
	{ "a_serial_number_that_udev_would_change_gives_no_name",
		{ .name = "vda", .serial = "a b/c", .sysfs_path = "/x" }, "" },
	{ "virtio_scsi",
		{ .name = "sda",
			.vendor = "QEMU",
			.model = "QEMU HARDDISK",
			.scsi_serial = "0QEMU_QEMU_HARDDISK_drive-scsi0",
			.sysfs_path = PCI
			"0000:00:05.0/virtio3/host2/target2:0:1/2:0:1:7/block/sda" },
		"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi0\n"
		"/dev/disk/by-path/pci-0000:00:05.0-scsi-0:0:1:7\n" },
	{ "the_second_host_of_a_controller",
		{ .name = "sdb",
			.vendor = "X",
			.scsi_host_index = 1,
			.sysfs_path = PCI "0000:00:06.0/host4/target4:0:0/4:0:0:0/block/sdb" },
		"/dev/disk/by-path/pci-0000:00:06.0-scsi-1:0:0:0\n" },
	{ "sata_by_id_only",
		{ .name = "sda",
			.vendor = "ATA",
			.model = "QEMU HARDDISK",
			.serial = "QM00001",
			.sysfs_path = PCI "0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda" },
		"/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001\n" },
	{ "an_ata_model_that_linux_truncates_gives_no_name",
		{ .name = "sda",
			.vendor = "ATA",
			.model = "VMware Virtual S",
			.serial = "1",
			.sysfs_path = "/x" },
		"" },
	{ "nvme",
		{ .name = "nvme0n1",
			.model = "QEMU NVMe Ctrl",
			.serial = "nv-7",
			.nvme_namespace = 1,
			.sysfs_path = PCI "0000:00:07.0/nvme/nvme0/nvme0n1" },
		"/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_nv-7\n"
		"/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_nv-7_1\n"
		"/dev/disk/by-path/pci-0000:00:07.0-nvme-1\n" },
	{ "a_usb_disk_has_names_of_another_kind",
		{ .name = "sda",
			.vendor = "QEMU",
			.usb = true,
			.scsi_serial = "0X",
			.sysfs_path = PCI
			"0000:00:03.0/usb1/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sda" },
		"" },
	{ "an_image_file_has_none", { .name = "vda", .serial = "x", .image_file = true }, "" },
};
#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static void has_these_names(void **state)
{
	const struct sample *sample = *state;
	char links[UDEV_LINKS_BYTES];

	udev_link_list(&sample->disk, links);
	assert_string_equal(links, sample->expected);
}

static void a_link_is_of_one_disk(void **state)
{
	(void)state;
	assert_true(udev_link_is_of("/dev/disk/by-id/virtio-root-1", &samples[0].disk));
	assert_false(udev_link_is_of("/dev/disk/by-id/virtio-root", &samples[0].disk));
	assert_false(udev_link_is_of("/dev/disk/by-id/virtio-root-1", &samples[1].disk));
	assert_false(udev_link_is_of("", &samples[0].disk));
}

static void serial_of(const char *page, size_t size_bytes, char ret[DISK_TEXT_BYTES])
{
	static const struct disk disk = { .vendor = "QEMU", .model = "QEMU HARDDISK" };

	udev_link_scsi_serial((const uint8_t *)page, size_bytes, &disk, ret);
}
#define SERIAL_OF(page, ret) serial_of(page, sizeof(page) - 1, ret)

static void the_page_83_of_qemu_gives_a_serial_number(void **state)
{
	char serial[DISK_TEXT_BYTES];

	(void)state;
	SERIAL_OF("\0\x83\0\x0b\x02\0\0\x07SCSI-22", serial);
	assert_string_equal(serial, "0QEMU_QEMU_HARDDISK_SCSI-22");
	/* of a target port besides, as QEMU's with port_wwn */
	SERIAL_OF("\0\x83\0\x17\x02\0\0\x07SCSI-22\x61\x93\0\x08"
		  "12345678",
		serial);
	assert_string_equal(serial, "0QEMU_QEMU_HARDDISK_SCSI-22");
}

static void other_pages_give_none(void **state)
{
	char serial[DISK_TEXT_BYTES];

	(void)state;
	SERIAL_OF("", serial);
	assert_string_equal(serial, "");
	SERIAL_OF("\0\x80\0\x0b\x02\0\0\x07SCSI-22", serial);
	assert_string_equal(serial, "");
	/* a world-wide name besides, which scsi_id prefers */
	SERIAL_OF("\0\x83\0\x17\x02\0\0\x07SCSI-22\x01\x03\0\x08"
		  "12345678",
		serial);
	assert_string_equal(serial, "");
	/* longer than the page */
	SERIAL_OF("\0\x83\0\x0b\x02\0\0\xffSCSI-22", serial);
	assert_string_equal(serial, "");
	SERIAL_OF("\0\x83\0\x04\x02\0\0\0", serial);
	assert_string_equal(serial, "");
}

int main(void)
{
	struct CMUnitTest tests[SAMPLE_COUNT + 3] = {
		cmocka_unit_test(a_link_is_of_one_disk),
		cmocka_unit_test(the_page_83_of_qemu_gives_a_serial_number),
		cmocka_unit_test(other_pages_give_none),
	};

	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		tests[i + 3] = (struct CMUnitTest){ .name = samples[i].name,
			.test_func = has_these_names,
			.initial_state = (void *)(uintptr_t)&samples[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
