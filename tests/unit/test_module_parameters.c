/* SPDX-License-Identifier: MIT */
/* Proves which words of the kernel's command line are parameters of a module, and in which form
 * they are passed to it: as modprobe passes them (kmod, kmod_config_add_kcmdline). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "init/module_parameters.h"

struct sample {
	const char *name;
	const char *command_line, *file, *expected;
};

static const struct sample samples[] = {
	{ "an_empty_line_has_none", "", "a.ko", "" },
	{ "one_parameter_is_found", "quiet scsi_mod.scan=sync panic=-1\n", "scsi_mod.ko",
		"scan=sync" },
	{ "several_keep_their_order",
		"virtio_mmio.device=512@0xfeb00e00:12 x virtio_mmio.device=512@0xfeb00c00:11\n",
		"virtio_mmio.ko", "device=512@0xfeb00e00:12 device=512@0xfeb00c00:11" },
	{ "a_dash_in_the_line_equals_an_underscore", "virtio-mmio.device=1", "virtio_mmio.ko",
		"device=1" },
	{ "a_dash_in_the_file_equals_an_underscore", "crc32c_intel.x=1", "crc32c-intel.ko", "x=1" },
	{ "a_parameter_without_a_value_is_passed", "loop.quiet", "loop.ko", "quiet" },
	{ "another_module_with_the_same_start_is_none", "scsi_mod2.a=1 scsi.b=2", "scsi_mod.ko",
		"" },
	{ "the_module_alone_is_none", "loop loop. loop.", "loop.ko", "" },
	{ "a_value_may_contain_the_name", "x=loop.a=1", "loop.ko", "" },
	{ "dots_in_the_value_are_kept", "loop.a=b.c", "loop.ko", "a=b.c" },
	{ "a_quoted_value_may_have_blanks", "a loop.p=\"x y\" loop.q=2", "loop.ko",
		"p=\"x y\" q=2" },
	{ "a_quoted_word_may_have_blanks", "\"loop.p=x y\" loop.q=2", "loop.ko", "\"p=x y\" q=2" },
	{ "a_quote_that_is_not_closed_takes_the_rest", "loop.p=\"x loop.q=2", "loop.ko",
		"p=\"x loop.q=2" },
	{ "a_name_in_quotes_of_another_is_none", "a=\"b loop.p=1\"", "loop.ko", "" },
	{ "what_follows_two_dashes_is_for_init", "loop.a=1 -- loop.b=2", "loop.ko", "a=1" },
	{ "two_dashes_in_a_word_end_nothing", "--x loop.b=2", "loop.ko", "b=2" },
	{ "tabs_and_newlines_separate", "\tloop.a=1\n loop.b=2\t", "loop.ko", "a=1 b=2" },
	{ "a_lone_quote_is_none", "\"", "loop.ko", "" },
	{ "a_file_without_a_name_has_none", ".a=1", ".ko", "" },
};
#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static void are_as_the_table_says(void **state)
{
	const struct sample *sample = *state;
	AUTO_FREE char *found = module_parameters_find(sample->command_line, sample->file);

	assert_string_equal(found, sample->expected);
}

int main(void)
{
	struct CMUnitTest tests[SAMPLE_COUNT];

	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		tests[i] = (struct CMUnitTest){ .name = samples[i].name,
			.test_func = are_as_the_table_says,
			.initial_state = (void *)(uintptr_t)&samples[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
