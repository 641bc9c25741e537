/* SPDX-License-Identifier: MIT */
/*
 * machine_signs — whether the firmware's description of a machine is that of a virtual machine.
 *
 * Pure. For processors that do not report a hypervisor. A description that no known hypervisor
 * gives counts as bare metal. Clouds rent bare metal under the names of their virtual machines, so
 * that their names are no sign.
 *
 * Sources: DMTF DSP0134 (SMBIOS), 7.1.2.2; Linux, Documentation/devicetree/bindings/hypervisor and
 * arm/xen.txt; QEMU, hw/arm/virt.c; the SMBIOS strings of each product.
 *
 * Tested by: tests/unit/test_machine.c, tests/qemu/aarch64.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine_bytes {
	uint8_t bytes[1024];
	size_t size_bytes;
};

/* Each is empty if the machine does not have it. */
struct machine_signs {
	char vendor[128];		 /* of SMBIOS type 1 */
	char product[128];		 /* the same */
	char firmware_vendor[128];	 /* of SMBIOS type 0 */
	struct machine_bytes smbios_0;	 /* the structure of type 0 */
	struct machine_bytes compatible; /* of the device tree's root: strings, each with a NUL */
	struct machine_bytes hypervisor; /* of its node hypervisor */
	bool fw_cfg;			 /* there is QEMU's device */
};

bool machine_signs_virtual(const struct machine_signs *signs);
