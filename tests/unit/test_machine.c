/* SPDX-License-Identifier: MIT */
/* Proves what is read out of /sys, on trees as Xen's domains and machines without CPUID have
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/machine.h"
#include "init/machine_signs.h"
#include "init/processor.h"

#define UUID_DOM0  "00000000-0000-0000-0000-000000000000"
#define UUID_GUEST "5f0c3e39-8a54-4d4c-9a0e-6b1a3c1f2d4e"

static void put(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	if (!text)
		return;
	snprintf(path, sizeof(path), "%s/hypervisor/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

/* NULL: the attribute is not there. */
static enum xen_kind kind_of(const char *type, const char *guest_type, const char *uuid)
{
	static const char *const names[] = { "type", "guest_type", "uuid" };
	char root[] = "/tmp/guest-installer-machine.XXXXXX", path[256];
	enum xen_kind kind;

	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/hypervisor", root);
	assert_int_equal(mkdir(path, 0755), 0);
	put(root, "type", type);
	put(root, "guest_type", guest_type);
	put(root, "uuid", uuid);
	kind = machine_xen_kind(root);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/hypervisor/%s", root, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/hypervisor", root);
	rmdir(path);
	rmdir(root);
	return kind;
}

static void each_kind_of_domain_is_told(void **state)
{
	(void)state;
	assert_int_equal(kind_of("xen", "HVM", UUID_GUEST), XEN_HVM);
	assert_int_equal(kind_of("xen", "PV", UUID_GUEST), XEN_PV);
	assert_int_equal(kind_of("xen", "PVH", UUID_GUEST), XEN_PVH);
}

static void a_kernel_that_does_not_say_which_is_a_domain_all_the_same(void **state)
{
	(void)state;
	assert_int_equal(kind_of("xen", NULL, UUID_GUEST), XEN_HVM);
	assert_true(machine_is_domain(kind_of("xen", NULL, NULL)));
}

static void dom0_is_no_domain_to_install_on(void **state)
{
	(void)state;
	assert_int_equal(kind_of("xen", "PV", UUID_DOM0), XEN_DOM0);
	assert_int_equal(kind_of("xen", "PVH", UUID_DOM0), XEN_DOM0);
	assert_false(machine_is_domain(XEN_DOM0));
}

static void other_machines_are_none_of_xens(void **state)
{
	(void)state;
	assert_int_equal(kind_of(NULL, NULL, NULL), XEN_NONE);
	assert_int_equal(kind_of("other", "PV", UUID_GUEST), XEN_NONE);
	assert_int_equal(machine_xen_kind("/nowhere"), XEN_NONE);
	assert_false(machine_is_domain(XEN_NONE));
}

/* A tree with this folder below firmware alone; NULL: none. */
static bool can_power_off(const char *folder)
{
	char root[] = "/tmp/guest-installer-machine.XXXXXX", path[256], inner[300];
	bool can;

	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/firmware", root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(inner, sizeof(inner), "%s/%s", path, folder ? folder : "other");
	assert_int_equal(mkdir(inner, 0755), 0);
	can = machine_can_power_off(root);
	rmdir(inner);
	rmdir(path);
	rmdir(root);
	return can;
}

static void acpi_and_uefi_can_switch_a_machine_off(void **state)
{
	(void)state;
	assert_true(can_power_off("acpi"));
	assert_true(can_power_off("efi"));
	assert_false(can_power_off(NULL));
	assert_false(machine_can_power_off("/nowhere"));
}

static bool is_product(const char *vendor, const char *product)
{
	struct machine_signs signs = { .fw_cfg = false };

	snprintf(signs.vendor, sizeof(signs.vendor), "%s", vendor);
	snprintf(signs.product, sizeof(signs.product), "%s", product);
	return machine_signs_virtual(&signs);
}

static void smbios_names_virtual_machines(void **state)
{
	struct machine_signs signs = { .firmware_vendor = "Xen" };

	(void)state;
	assert_true(is_product("QEMU", "QEMU Virtual Machine"));
	assert_true(is_product("Google", "KVM Virtual Machine"));
	assert_true(is_product("VMware, Inc.", "VMware20,1"));
	assert_true(is_product("Apple Inc.", "Apple Virtualization Generic Platform"));
	assert_true(is_product("Microsoft Corporation", "Virtual Machine"));
	assert_true(machine_signs_virtual(&signs));
	strcpy(signs.firmware_vendor, "Parallels Software");
	assert_true(machine_signs_virtual(&signs));
	assert_false(is_product("", ""));
	assert_false(is_product("Apple Inc.", "Mac mini"));
	assert_false(is_product("Microsoft Corporation", "Surface Pro X"));
	assert_false(is_product("Amazon EC2", "m6g.metal"));
	assert_false(is_product("Ampere", "Mt. Jade"));
}

static void smbios_has_a_bit_for_virtual_machines(void **state)
{
	struct machine_signs signs = { .smbios_0 = { .bytes = { 0, 24 }, .size_bytes = 24 } };

	(void)state;
	assert_false(machine_signs_virtual(&signs));
	signs.smbios_0.bytes[0x13] = 0x1c;
	assert_true(machine_signs_virtual(&signs));
	signs.smbios_0.bytes[1] = 0x13; /* an older structure ends before the byte */
	assert_false(machine_signs_virtual(&signs));
	signs.smbios_0.bytes[1] = 24;
	signs.smbios_0.bytes[0] = 1; /* of another type */
	assert_false(machine_signs_virtual(&signs));
	signs.smbios_0.bytes[0] = 0;
	signs.smbios_0.size_bytes = 0x13;
	assert_false(machine_signs_virtual(&signs));
}

static bool is_tree(const char *compatible, size_t size_bytes)
{
	struct machine_signs signs = { .fw_cfg = false };

	memcpy(signs.compatible.bytes, compatible, size_bytes);
	signs.compatible.size_bytes = size_bytes;
	return machine_signs_virtual(&signs);
}

static void a_device_tree_names_virtual_machines(void **state)
{
	struct machine_signs signs = { .hypervisor = { "linux,kvm", 10 } };

	(void)state;
	assert_true(machine_signs_virtual(&signs));
	assert_true(is_tree("linux,dummy-virt", 17));
	assert_true(is_tree("vendor,board\0qemu,thing", 24));
	assert_true(is_tree("xen,xenvm-4.17\0xen,xenvm", 25));
	assert_false(is_tree("raspberrypi,4-model-b\0brcm,bcm2711", 35));
	assert_false(is_tree("linux,dummy-vir", 15));
	assert_false(is_tree("a,qemu,b", 9));
}

/* A tree with one file, or with a folder if text is NULL. */
static bool looks_virtual(const char *name, const char *text)
{
	char folder[] = "/tmp/guest-installer-machine.XXXXXX", command[512];
	bool is;

	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "cd %s && mkdir -p \"$(dirname '%s')\" && %s '%s'",
		folder, name + 1, text ? "cat >" : "mkdir", name + 1);
	FILE *file = popen(command, "w");
	assert_non_null(file);
	fputs(text ? text : "", file);
	assert_int_equal(pclose(file), 0);
	is = machine_looks_virtual(folder);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	return is;
}

static void each_description_is_found_in_its_file(void **state)
{
	(void)state;
	assert_true(looks_virtual("/class/dmi/id/sys_vendor", "QEMU\n"));
	assert_true(looks_virtual("/class/dmi/id/product_name", "KVM Virtual Machine\n"));
	assert_true(looks_virtual("/class/dmi/id/bios_vendor", "Xen\n"));
	assert_true(looks_virtual("/firmware/devicetree/base/compatible", "linux,dummy-virt"));
	assert_true(looks_virtual("/firmware/devicetree/base/hypervisor/compatible", "linux,kvm"));
	assert_true(looks_virtual("/bus/acpi/devices/QEMU0002:00", NULL));
	assert_true(looks_virtual("/firmware/qemu_fw_cfg", NULL));
	assert_false(looks_virtual("/class/dmi/id/sys_vendor", "Ampere\n"));
	assert_false(machine_looks_virtual("/nowhere"));
}

static void the_processor_of_x86_alone_tells(void **state)
{
	(void)state;
#if defined(__x86_64__)
	assert_int_not_equal(processor_hypervisor(), PROCESSOR_SILENT);
#else
	assert_int_equal(processor_hypervisor(), PROCESSOR_SILENT);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acpi_and_uefi_can_switch_a_machine_off),
		cmocka_unit_test(each_kind_of_domain_is_told),
		cmocka_unit_test(smbios_names_virtual_machines),
		cmocka_unit_test(smbios_has_a_bit_for_virtual_machines),
		cmocka_unit_test(a_device_tree_names_virtual_machines),
		cmocka_unit_test(each_description_is_found_in_its_file),
		cmocka_unit_test(the_processor_of_x86_alone_tells),
		cmocka_unit_test(a_kernel_that_does_not_say_which_is_a_domain_all_the_same),
		cmocka_unit_test(dom0_is_no_domain_to_install_on),
		cmocka_unit_test(other_machines_are_none_of_xens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
