/* SPDX-License-Identifier: MIT */
/* Proves what is read out of /sys/hypervisor, on trees as Xen's domains have them. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acpi_and_uefi_can_switch_a_machine_off),
		cmocka_unit_test(each_kind_of_domain_is_told),
		cmocka_unit_test(a_kernel_that_does_not_say_which_is_a_domain_all_the_same),
		cmocka_unit_test(dom0_is_no_domain_to_install_on),
		cmocka_unit_test(other_machines_are_none_of_xens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
