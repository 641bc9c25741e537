/* SPDX-License-Identifier: MIT */
/*
 * machine — what kind of machine this is.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "disk/layout.h"

/* 0 on a virtual machine, else -EPERM with EXIT_NOT_VIRTUAL. By the hypervisor bit of CPUID leaf 1
 * (Intel SDM 2A, CPUID; AMD APM 3, E.3.2) and /sys/hypervisor; a Xen dom0 counts as bare metal. */
int machine_check_virtual(struct error *err) WARN_UNUSED;

/* 0 if there is memory enough for an install, else -ENOMEM with EXIT_TOO_SMALL. Where the kernel
 * does not say how much there is, it counts as enough. */
int machine_check_memory(struct error *err) WARN_UNUSED;

/* What this machine is to Xen. */
enum xen_kind {
	XEN_NONE, /* no Xen, or nothing that says so */
	XEN_DOM0, /* rules the others, and is no virtual machine */
	XEN_PV,
	XEN_PVH,
	XEN_HVM, /* also where the kernel does not say which */
};

/* By <sysfs>/hypervisor (Linux, Documentation/ABI/stable/sysfs-hypervisor-xen): type, guest_type,
 * and the uuid, which is zero in dom0 alone. sysfs is normally "/sys". */
enum xen_kind machine_xen_kind(const char *sysfs);

/* Whether the kind is a domain that is installed on: any but dom0. */
bool machine_is_domain(enum xen_kind kind);

/* The firmware that booted us. */
enum firmware machine_firmware(void);
