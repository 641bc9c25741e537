/* SPDX-License-Identifier: MIT */
/* Any text as the command line of a boot entry, and as that of the running kernel. */
/* Modules: verify/boot_options, init/module_parameters. */
#include "verify/boot_options.h"
#include "fuzz.h"
#include "init/module_parameters.h"

static const struct plan plan = {
	.partitions = { { .role = ROLE_ROOT, .fs_label = "nixos", .fs_uuid = "1-2", .uuid = "3" } },
	.partition_count = 1,
	.system = "/nix/store/00000000000000000000000000000000-x",
};

static void check_last(const char *text, const char *name)
{
	char small[8], large[4096];

	if (boot_options_last(text, name, small, sizeof(small)))
		promised(memchr(small, '\0', sizeof(small)) && strstr(text, name));
	if (boot_options_last(text, name, large, sizeof(large)))
		promised(strlen(large) < strlen(text));
}

static void check_parameters(const char *text)
{
	AUTO_FREE char *found = module_parameters_find(text, "virtio_mmio.ko");

	promised(found && strlen(found) <= strlen(text));
	promised(!found[0] || strstr(text, "mmio"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;

	check_last(text, "init");
	check_last(text, "root");
	check_parameters(text);
	if (boot_options_check("An entry", text, &plan, &err) < 0)
		promised(fuzz_error_is_set(&err));
	else
		promised(strstr(text, plan.system));
	return 0;
}
