/* SPDX-License-Identifier: MIT */
/* Proves which vendors and models are taken for those of hypervisors. The lines are as Linux
 * reports them: vendor, model; the physical ones are of machines and of passed-through disks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "plan/emulated_disk.h"

struct sample {
	const char *vendor, *model;
};

static const struct sample emulated[] = {
	{ "QEMU", "QEMU HARDDISK" },
	{ "ATA", "QEMU HARDDISK" },
	{ "", "QEMU NVMe Ctrl" },
	{ "VMware", "Virtual disk" },
	{ "VMware,", "VMware Virtual S" },
	{ "ATA", "VMware Virtual I" },
	{ "ATA", "VMware Virtual S" },
	{ "", "VMware Virtual NVMe Disk" },
	{ "ATA", "VBOX HARDDISK" },
	{ "VBOX", "HARDDISK" },
	{ "", "ORCL-VBOX-NVME-VER12" },
	{ "Msft", "Virtual Disk" },
	{ "", "MSFT NVMe Accelerator v1.0" },
	{ "ATA", "BHYVE SATA DISK" },
	{ "", "bhyve-NVMe" },
	{ "Google", "PersistentDisk" },
	{ "", "nvme_card-pd" },
	{ "", "Amazon Elastic Block Store" },
};

static const struct sample others[] = {
	{ "", "" },
	{ "ATA", "" },
	{ "QEMU", "" },
	{ "", "QEMU HARDDISK" },
	{ "QEMU", "QEMU CD-ROM" },
	{ "QEMU", "QEMU NVMe Ctrl" },
	{ "ATA", "Virtual Disk" },
	{ "ATA", "HARDDISK" },
	{ "ATA", "WDC WD40EFRX-68N" },
	{ "ATA", "Samsung SSD 860" },
	{ "", "Samsung SSD 990 PRO 2TB" },
	{ "LIO-ORG", "disk1" },
	{ "DELL", "PERC H730 Mini" },
	{ "SanDisk", "Cruzer Fit" },
	{ "Linux", "scsi_debug" },
	{ "", "Amazon EC2 NVMe Instance Storage" },
	{ "", "Microsoft NVMe Direct Disk v2" },
	{ "Google", "EphemeralDisk" },
	{ "", "nvme_card" },
};

static bool is_known(const struct sample *sample)
{
	static struct disk disk;

	snprintf(disk.vendor, sizeof(disk.vendor), "%s", sample->vendor);
	snprintf(disk.model, sizeof(disk.model), "%s", sample->model);
	return emulated_disk_is_known(&disk);
}

static void disks_of_hypervisors_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(emulated) / sizeof(emulated[0]); i++)
		if (!is_known(&emulated[i]))
			fail_msg("%s %s", emulated[i].vendor, emulated[i].model);
}

static void other_disks_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_known(&others[i]))
			fail_msg("%s %s", others[i].vendor, others[i].model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_of_hypervisors_are_known),
		cmocka_unit_test(other_disks_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
