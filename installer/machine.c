/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <cpuid.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define CPUID_1_ECX_HYPERVISOR (1u << 31)

static bool is_dom0(void)
{
	char capabilities[256];

	file_read_line("/proc/xen/capabilities", capabilities, sizeof(capabilities));
	return strstr(capabilities, "control_d") != NULL;
}

static bool has_hypervisor(void)
{
	unsigned eax, ebx, ecx, edx;
	char type[32];

	file_read_line("/sys/hypervisor/type", type, sizeof(type));
	if (type[0])
		return true;
	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_1_ECX_HYPERVISOR);
}

int machine_check_virtual(struct error *err)
{
	if (has_hypervisor() && !is_dom0())
		return 0;
	return error_set_code(err, EXIT_NOT_VIRTUAL, -EPERM,
		"This is not a virtual machine, so nothing was touched; if it is meant all the "
		"same, say machine = any.");
}

enum firmware machine_firmware(void)
{
	return access("/sys/firmware/efi", F_OK) == 0 ? FIRMWARE_UEFI : FIRMWARE_BIOS;
}
