/* SPDX-License-Identifier: MIT */
#include "base/architecture.h"

#include <string.h>

/* Without a definition this file does not compile: such an architecture has no row. */
#if defined(__x86_64__)
#define NATIVE "x86_64"
#elif defined(__aarch64__)
#define NATIVE "aarch64"
#endif

static const struct architecture architectures[] = {
	{
		.name = "x86_64",
		.system = "x86_64-linux",
		.efi_name = "x64",
		.efi_program = "/EFI/BOOT/BOOTX64.EFI",
		.loader_program = "systemd-bootx64.efi",
		.grub_cpu = "x86_64",
		.root_type = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
		.serial_console = "ttyS0",
		.kernel_formats = KERNEL_BZIMAGE | KERNEL_ELF,
		.command_line_bytes = 2048,
		.pe_machine = 0x8664,
	},
	{
		.name = "aarch64",
		.system = "aarch64-linux",
		.efi_name = "aa64",
		.efi_program = "/EFI/BOOT/BOOTAA64.EFI",
		.loader_program = "systemd-bootaa64.efi",
		.grub_cpu = "arm64",
		.root_type = "B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
		.serial_console = "ttyAMA0",
		.no_bios = "machines of this architecture have no BIOS: their firmware is UEFI",
		.no_pv = "Xen has no PV domains on this architecture, and pygrub starts no others",
		.kernel_formats = KERNEL_IMAGE | KERNEL_GZIP | KERNEL_ZBOOT,
		.command_line_bytes = 2048,
		.pe_machine = 0xaa64,
	},
};

const struct architecture *architecture_at(size_t index)
{
	return index < sizeof(architectures) / sizeof(architectures[0]) ? &architectures[index]
									: NULL;
}

const struct architecture *architecture_find(const char *name)
{
	const struct architecture *row;

	for (size_t i = 0; (row = architecture_at(i)); i++)
		if (strcmp(row->name, name) == 0 || strcmp(row->system, name) == 0)
			return row;
	return NULL;
}

const struct architecture *architecture_native(void)
{
	return architecture_find(NATIVE);
}
