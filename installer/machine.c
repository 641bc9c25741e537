/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <cpuid.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "log.h"

/* What the kernel must have to give at the start. Measured with the sample guest: an install that
 * begins with 19 MiB succeeds, one with 16 MiB is killed while it copies. The programs of a larger
 * guest, which activate it and install its boot loader, want some more. A machine of 128 MiB has
 * 37 MiB left, one of 256 MiB has 160. */
#define MEMORY_MIN_KIB (32 * 1024)

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

/* MemAvailable of /proc/meminfo (proc(5)), in KiB; 0 if it is not there. */
static uint64_t memory_available_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

int machine_check_memory(struct error *err)
{
	uint64_t available_kib = memory_available_kib();

	log_line("memory: %" PRIu64 " KiB available", available_kib);
	if (available_kib == 0 || available_kib >= MEMORY_MIN_KIB)
		return 0;
	return error_set_code(err, EXIT_TOO_SMALL, -ENOMEM,
		"The machine has %" PRIu64 " MiB of memory left, but an install needs %d MiB: give "
		"it more memory, 256 MiB in all.",
		available_kib / 1024, MEMORY_MIN_KIB / 1024);
}

enum hypervisor machine_hypervisor(void)
{
	char type[32];

	file_read_line("/sys/hypervisor/type", type, sizeof(type));
	return strcmp(type, "xen") == 0 ? HYPERVISOR_XEN : HYPERVISOR_OTHER;
}

enum firmware machine_firmware(void)
{
	return access("/sys/firmware/efi", F_OK) == 0 ? FIRMWARE_UEFI : FIRMWARE_BIOS;
}
