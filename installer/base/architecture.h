/* SPDX-License-Identifier: MIT */
/*
 * architecture — what depends on the processor that a guest is made for: one row for each
 * architecture.
 *
 * Pure: a table. Another architecture is another row. What can be compiled for one architecture
 * only is in init/processor.c. Which layouts follow from a row is decided by layout, and which
 * machine this is by machine.
 *
 * Sources: UEFI 2.10, 3.5.1.1 (names of EFI programs); Microsoft PE format, "Machine Types"; UAPI
 * Group, "Discoverable Partitions Specification" (types of partitions) and "Boot Loader
 * Specification" (key architecture); Linux, COMMAND_LINE_SIZE of x86 and arm64.
 *
 * Tested by: tests/unit/test_architecture.c, tests/build/aarch64.sh.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Formats of kernels (kernel_image). */
enum kernel_format {
	KERNEL_BZIMAGE = 1,
	KERNEL_ELF = 2,
	KERNEL_IMAGE = 4, /* arm64's Image, as it is */
	KERNEL_GZIP = 8,  /* Image.gz */
	KERNEL_ZBOOT = 16,
};

struct architecture {
	const char *name;	     /* "x86_64", as uname(2) has it */
	const char *system;	     /* "x86_64-linux", as Nix has it */
	const char *efi_name;	     /* "x64", in the names of EFI programs and in boot entries */
	const char *efi_program;     /* "/EFI/BOOT/BOOTX64.EFI", at the removable-media path */
	const char *loader_program;  /* systemd-boot's file, "systemd-bootx64.efi" */
	const char *grub_cpu;	     /* what GRUB's variable of this name holds under UEFI */
	const char *root_type;	     /* GUID of the type of a root partition */
	const char *serial_console;  /* the first serial port of a virtual machine, below /dev */
	const char *no_bios;	     /* why no BIOS starts a guest; NULL: one does */
	const char *no_pv;	     /* why Xen starts no PV domain by pygrub; NULL: it does */
	unsigned kernel_formats;     /* set of enum kernel_format */
	unsigned command_line_bytes; /* what the kernel keeps of its command line, with its NUL */
	uint16_t pe_machine;	     /* in the header of an EFI program */
};

/* The architecture that this program was built for. */
const struct architecture *architecture_native(void);

/* The row of the name or of Nix's name of the system; NULL if there is none. */
const struct architecture *architecture_find(const char *name);

/* The rows, one after the other; NULL behind the last one. */
const struct architecture *architecture_at(size_t index);
