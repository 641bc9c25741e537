/* SPDX-License-Identifier: MIT */
/* Proves that the rows of the table are complete, and are found by both names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "base/architecture.h"
#include "base/text.h"
#include "disk/layout.h"

static void a_row_is_found_by_both_of_its_names(void **state)
{
	const struct architecture *row;
	size_t i;

	(void)state;
	for (i = 0; (row = architecture_at(i)); i++) {
		assert_ptr_equal(architecture_find(row->name), row);
		assert_ptr_equal(architecture_find(row->system), row);
	}
	assert_int_equal(i, 2);
	assert_null(architecture_find("riscv64"));
	assert_null(architecture_find("x64"));
	assert_null(architecture_find(""));
}

/* qemu-user says the name of the machine that it emulates. */
static void this_program_is_of_the_machine_that_runs_it(void **state)
{
	struct utsname name;

	(void)state;
	assert_int_equal(uname(&name), 0);
	assert_string_equal(architecture_native()->name, name.machine);
}

/* One name is spelled in three ways. */
static void names_of_efi_programs_agree(void **state)
{
	const struct architecture *row;

	(void)state;
	for (size_t i = 0; (row = architecture_at(i)); i++) {
		char upper[8], expected[64];

		snprintf(upper, sizeof(upper), "%s", row->efi_name);
		text_upper(upper);
		snprintf(expected, sizeof(expected), "/EFI/BOOT/BOOT%s.EFI", upper);
		assert_string_equal(row->efi_program, expected);
		snprintf(expected, sizeof(expected), "systemd-boot%s.efi", row->efi_name);
		assert_string_equal(row->loader_program, expected);
		snprintf(expected, sizeof(expected), "%s-linux", row->name);
		assert_string_equal(row->system, expected);
		assert_true(text_is_uuid(row->root_type));
		assert_true(row->kernel_formats && row->command_line_bytes && row->pe_machine);
	}
}

static void layouts_without_a_firmware_or_a_hypervisor_are_refused(void **state)
{
	const struct architecture *x86 = architecture_find("x86_64"),
				  *arm = architecture_find("aarch64");

	(void)state;
	for (enum layout layout = LAYOUT_AUTO; layout < LAYOUT_COUNT; layout++)
		assert_null(layout_refusal(layout, x86));
	assert_non_null(layout_refusal(LAYOUT_BIOS, arm));
	assert_non_null(layout_refusal(LAYOUT_PYGRUB, arm));
	assert_null(layout_refusal(LAYOUT_GPT, arm));
	assert_null(layout_refusal(LAYOUT_DIRECT, arm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_found_by_both_of_its_names),
		cmocka_unit_test(this_program_is_of_the_machine_that_runs_it),
		cmocka_unit_test(names_of_efi_programs_agree),
		cmocka_unit_test(layouts_without_a_firmware_or_a_hypervisor_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
