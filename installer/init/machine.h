/* SPDX-License-Identifier: MIT */
/*
 * machine — detects virtual machines, Xen, the firmware and the available memory.
 *
 * It reads /sys, /proc and the processor and changes nothing. Disks are devices' part. Which
 * descriptions of a machine are those of virtual machines is decided by machine_signs.
 *
 * Tested by: tests/unit/test_machine.c, tests/qemu/small.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "disk/layout.h"

/* Whether this is a virtual machine. By /sys/hypervisor and the processor, or where that does not
 * tell, by machine_looks_virtual; a Xen dom0 counts as bare metal. */
bool machine_is_virtual(void);

/* Whether the firmware describes a virtual machine, by SMBIOS, ACPI or a device tree. sysfs is
 * normally "/sys". */
bool machine_looks_virtual(const char *sysfs);

/* 0 on a virtual machine, else -EPERM with EXIT_NOT_VIRTUAL. */
int machine_check_virtual(struct error *err) WARN_UNUSED;

/* 0 if there is memory enough for an install, else -ENOMEM with EXIT_TOO_SMALL. Where the kernel
 * does not say how much there is, it counts as enough. */
int machine_check_memory(struct error *err) WARN_UNUSED;

/* The kind of this machine under Xen. */
enum xen_kind {
	XEN_NONE, /* no Xen, or nothing that says so */
	XEN_DOM0, /* the control domain, which is no virtual machine */
	XEN_PV,
	XEN_PVH,
	XEN_HVM, /* also if the kernel does not tell the kind */
};

/* By <sysfs>/hypervisor (Linux, Documentation/ABI/stable/sysfs-hypervisor-xen): type, guest_type,
 * and the uuid, which is zero in dom0 alone. sysfs is normally "/sys". */
enum xen_kind machine_xen_kind(const char *sysfs);

/* Whether the kind is an unprivileged domain, which can be installed on. */
bool machine_is_domain(enum xen_kind kind);

/* Whether reboot(2) can switch the machine off: by ACPI, by Xen, by UEFI, or by PSCI of a device
 * tree. Otherwise the kernel halts. sysfs is normally "/sys". */
bool machine_can_power_off(const char *sysfs);

/* The firmware that booted us (enum firmware); 0 if a host has started the kernel in place of the
 * only firmware that machines of this architecture have. */
unsigned machine_firmware(void);
