/* SPDX-License-Identifier: MIT */
#include "init/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/architecture.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "init/machine_signs.h"
#include "init/processor.h"

/* The memory that must be available at the start. Measured with the sample guest: an install that
 * begins with 19 MiB succeeds, one with 16 MiB is killed while it copies. The programs of a larger
 * guest, which activate it and install its boot loader, want some more. A machine of 128 MiB has
 * 37 MiB left, one of 256 MiB has 160. */
#define MEMORY_MIN_KIB (32 * 1024)

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

static bool exists(const char *root, const char *name)
{
	char path[FILE_PATH_BYTES];

	file_below(path, root, "%s", name);
	return access(path, F_OK) == 0;
}

/* The bytes of a file, with NULs of their own; empty if it cannot be read. */
static void read_sign(const char *root, const char *name, struct machine_bytes *ret)
{
	AUTO_FREE char *bytes = NULL;
	char path[FILE_PATH_BYTES];
	struct error none;
	size_t size_bytes;

	ret->size_bytes = 0;
	file_below(path, root, "%s", name);
	if (file_read(path, sizeof(ret->bytes), &bytes, &size_bytes, &none) < 0)
		return;
	memcpy(ret->bytes, bytes, size_bytes);
	ret->size_bytes = size_bytes;
}

bool machine_looks_virtual(const char *sysfs)
{
	AUTO_FREE struct machine_signs *signs = must_realloc(NULL, 1, sizeof(*signs));
	char path[FILE_PATH_BYTES];

	memset(signs, 0, sizeof(*signs));
	file_below(path, sysfs, "/class/dmi/id/sys_vendor");
	file_read_line(path, signs->vendor, sizeof(signs->vendor));
	file_below(path, sysfs, "/class/dmi/id/product_name");
	file_read_line(path, signs->product, sizeof(signs->product));
	file_below(path, sysfs, "/class/dmi/id/bios_vendor");
	file_read_line(path, signs->firmware_vendor, sizeof(signs->firmware_vendor));
	read_sign(sysfs, "/firmware/dmi/entries/0-0/raw", &signs->smbios_0);
	read_sign(sysfs, "/firmware/devicetree/base/compatible", &signs->compatible);
	read_sign(sysfs, "/firmware/devicetree/base/hypervisor/compatible", &signs->hypervisor);
	signs->fw_cfg = exists(sysfs, "/bus/acpi/devices/QEMU0002:00") ||
			exists(sysfs, "/firmware/qemu_fw_cfg");
	return machine_signs_virtual(signs);
}

/* CPUID shows a hypervisor in dom0 as in other domains, so Xen's own statement is read first. */
bool machine_is_virtual(void)
{
	enum xen_kind kind = machine_xen_kind("/sys");
	char type[64], capabilities[256];
	enum processor_answer answer;

	read_machine_attribute("/sys", "type", type);
	file_read_line("/proc/xen/capabilities", capabilities, sizeof(capabilities));
	if (kind == XEN_DOM0 || strstr(capabilities, "control_d"))
		return false;
	if (type[0])
		return true;
	answer = processor_hypervisor();
	return answer == PROCESSOR_SILENT ? machine_looks_virtual("/sys")
					  : answer == PROCESSOR_VIRTUAL;
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

bool machine_can_power_off(const char *sysfs)
{
	return exists(sysfs, "/firmware/acpi") || exists(sysfs, "/firmware/efi") ||
	       exists(sysfs, "/firmware/devicetree/base/psci") ||
	       machine_xen_kind(sysfs) != XEN_NONE;
}

unsigned machine_firmware(void)
{
	if (access("/sys/firmware/efi", F_OK) == 0)
		return FIRMWARE_UEFI;
	return architecture_native()->no_bios ? 0 : FIRMWARE_BIOS;
}
