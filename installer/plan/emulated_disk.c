/* SPDX-License-Identifier: MIT */
#include "plan/emulated_disk.h"

#include <stddef.h>
#include <string.h>

/* What INQUIRY (SPC-4, 6.4.2), IDENTIFY DEVICE (ACS-3, 7.12; Linux reports the vendor "ATA" and the
 * first 16 characters of the model) or Identify Controller (NVMe 1.4, 5.15.2.2) returns. The vendor
 * of an NVMe disk is empty. A model that ends in * is the beginning of one. */
static const struct {
	const char *vendor, *model;
} emulated[] = {
	/* QEMU (hw/scsi/scsi-disk.c, hw/ide/core.c, hw/nvme/ctrl.c), which also emulates the disks of
	 * Xen HVM domains, Proxmox, Incus, OpenStack and KubeVirt */
	{ "QEMU", "QEMU HARDDISK" },
	{ "ATA", "QEMU HARDDISK" },
	{ "", "QEMU NVMe Ctrl" },
	/* VMware: lsilogic and pvscsi, SATA, IDE, NVMe */
	{ "VMware", "Virtual disk" },
	{ "VMware,", "VMware Virtual S" },
	{ "ATA", "VMware Virtual S" },
	{ "ATA", "VMware Virtual I" },
	{ "", "VMware Virtual NVMe Disk" },
	/* VirtualBox (DevATA.cpp, DevAHCI.cpp, VSCSI, DevNVMe.cpp) */
	{ "VBOX", "HARDDISK" },
	{ "ATA", "VBOX HARDDISK" },
	{ "", "ORCL-VBOX-NVME-VER12" },
	/* Hyper-V and Azure (Linux, drivers/scsi/storvsc_drv.c; OpenVMM, nvme) */
	{ "Msft", "Virtual Disk" },
	{ "", "MSFT NVMe Accelerator*" },
	/* bhyve (pci_ahci.c, pci_nvme.c) */
	{ "ATA", "BHYVE SATA DISK" },
	{ "", "bhyve-NVMe" },
	/* Amazon EC2, Google Compute Engine: volumes of the network */
	{ "", "Amazon Elastic Block Store" },
	{ "Google", "PersistentDisk" },
	{ "", "nvme_card-pd" },
};

static bool matches(const char *pattern, const char *model)
{
	const char *star = strchr(pattern, '*');

	return star ? strncmp(pattern, model, (size_t)(star - pattern)) == 0
		    : strcmp(pattern, model) == 0;
}

bool emulated_disk_is_known(const struct disk *disk)
{
	for (size_t i = 0; i < sizeof(emulated) / sizeof(emulated[0]); i++)
		if (strcmp(emulated[i].vendor, disk->vendor) == 0 &&
			matches(emulated[i].model, disk->model))
			return true;
	return false;
}
