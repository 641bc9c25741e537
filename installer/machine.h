/* SPDX-License-Identifier: MIT */
/*
 * machine — what kind of machine this is.
 */
#pragma once

#include "error.h"
#include "manifest.h"

/* 0 on a virtual machine, else -EPERM with EXIT_NOT_VIRTUAL. By the hypervisor bit of CPUID leaf 1
 * (Intel SDM 2A, CPUID; AMD APM 3, E.3.2) and /sys/hypervisor; a Xen dom0 counts as bare metal. */
int machine_check_virtual(struct error *err) WARN_UNUSED;

/* 0 if there is memory enough for an install, else -ENOMEM with EXIT_TOO_SMALL. Where the kernel
 * does not say how much there is, it counts as enough. */
int machine_check_memory(struct error *err) WARN_UNUSED;

/* What runs this machine, as far as the disks' layout depends on it. */
enum hypervisor {
	HYPERVISOR_OTHER, /* or none */
	HYPERVISOR_XEN,	  /* this is a Xen domain: HVM, PVH or PV */
};
enum hypervisor machine_hypervisor(void);

/* The firmware that booted us. */
enum firmware machine_firmware(void);
