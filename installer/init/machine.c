/* SPDX-License-Identifier: MIT */
#include "init/machine.h"

#include <cpuid.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

/* The memory that must be available at the start. Measured with the sample guest: an install that
 * begins with 19 MiB succeeds, one with 16 MiB is killed while it copies. The programs of a larger
 * guest, which activate it and install its boot loader, want some more. A machine of 128 MiB has
 * 37 MiB left, one of 256 MiB has 160. */
#define MEMORY_MIN_KIB (32 * 1024)

#define CPUID_1_ECX_HYPERVISOR (1u << 31)

#define DOM0_UUID "00000000-0000-0000-0000-000000000000"

static void read_machine_attribute(const char *sysfs, const char *name, char ret[64])
{
	char path[FILE_PATH_BYTES];

	file_below(path, sysfs, "/hypervisor/%s", name);
	file_read_line(path, ret, 64);
}

enum xen_kind machine_xen_kind(const char *sysfs)
{
	char type[64], uuid[64], guest[64];

	read_machine_attribute(sysfs, "type", type);
	read_machine_attribute(sysfs, "uuid", uuid);
	read_machine_attribute(sysfs, "guest_type", guest);
	if (strcmp(type, "xen") != 0)
		return XEN_NONE;
	if (strcmp(uuid, DOM0_UUID) == 0)
		return XEN_DOM0;
	return strcmp(guest, "PV") == 0 ? XEN_PV : strcmp(guest, "PVH") == 0 ? XEN_PVH : XEN_HVM;
}

bool machine_is_domain(enum xen_kind kind)
{
	return kind != XEN_NONE && kind != XEN_DOM0;
}

/* CPUID shows a hypervisor in dom0 as in other domains, so Xen's own statement is read first. */
bool machine_is_virtual(void)
{
	unsigned eax, ebx, ecx, edx;
	enum xen_kind kind = machine_xen_kind("/sys");
	char type[64], capabilities[256];

	read_machine_attribute("/sys", "type", type);
	file_read_line("/proc/xen/capabilities", capabilities, sizeof(capabilities));
	if (kind == XEN_DOM0 || strstr(capabilities, "control_d"))
		return false;
	if (type[0])
		return true;
	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_1_ECX_HYPERVISOR);
}

int machine_check_virtual(struct error *err)
{
	if (machine_is_virtual())
		return 0;
	return error_set_code(err, EXIT_NOT_VIRTUAL, -EPERM,
		"This is not a virtual machine, so nothing was touched; if you want to install here all the same, set machine = any.");
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
		"The machine has %" PRIu64
		" MiB of memory left, but an install needs %d MiB: give it more memory, 256 MiB in all.",
		available_kib / 1024, MEMORY_MIN_KIB / 1024);
}

static bool has_firmware_folder(const char *sysfs, const char *name)
{
	char path[FILE_PATH_BYTES];

	file_below(path, sysfs, "/firmware/%s", name);
	return access(path, F_OK) == 0;
}

bool machine_can_power_off(const char *sysfs)
{
	return has_firmware_folder(sysfs, "acpi") || has_firmware_folder(sysfs, "efi") ||
	       machine_xen_kind(sysfs) != XEN_NONE;
}

enum firmware machine_firmware(void)
{
	return access("/sys/firmware/efi", F_OK) == 0 ? FIRMWARE_UEFI : FIRMWARE_BIOS;
}
