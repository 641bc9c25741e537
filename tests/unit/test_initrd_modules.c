/* SPDX-License-Identifier: MIT */
/* Proves which modules an initrd has, by its list and the files of depmod. tests/engines/shapes.sh
 * compares with machines whose disk the guest has no driver for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify/initrd_modules.h"

/* Parts of those of Linux 6.1. */
static const char depends[] =
	"kernel/drivers/ata/libata.ko: kernel/drivers/scsi/scsi_mod.ko kernel/drivers/scsi/scsi_common.ko\n"
	"kernel/drivers/ata/libahci.ko: kernel/drivers/ata/libata.ko kernel/drivers/scsi/scsi_mod.ko\n"
	"kernel/drivers/ata/ahci.ko: kernel/drivers/ata/libahci.ko kernel/drivers/ata/libata.ko\n"
	"kernel/drivers/block/xen-blkfront.ko.xz:\n"
	"a line without a colon ahci\n"
	"kernel/drivers/scsi/hv_storvsc.ko.zst: kernel/drivers/hv/hv_vmbus.ko.zst\n"
	"kernel/drivers/nvme/host/nvme.ko: kernel/drivers/nvme/host/nvme-core.ko";
static const char builtin[] =
	"kernel/drivers/virtio/virtio_pci.ko\nkernel/drivers/scsi/sd_mod.ko\n";

static const struct {
	const char *sentence, *listed, *name;
	bool has;
} cases[] = {
	{ "a listed module", "ahci sd_mod ", "ahci", true },
	{ "the last one of a list without a blank behind it", "sd_mod ahci", "ahci", true },
	{ "one that is not listed", "ahci ", "hv_storvsc", false },
	{ "one whose name begins like a listed one", "ahci ", "ahci_platform", false },
	{ "one whose name is the beginning of a listed one", "libahci ", "ahci", false },
	{ "a name with a hyphen in the list", "xen-blkfront ", "xen_blkfront", true },
	{ "a name with an underscore in the list", "nvme_core ", "nvme-core", true },
	{ "what a listed module depends on", "nvme ", "nvme_core", true },
	{ "what it depends on at second hand", "ahci ", "libata", true },
	{ "what depends on a listed module", "libata ", "ahci", false },
	{ "what a compressed module depends on", "hv_storvsc ", "hv_vmbus", true },
	{ "the last line of modules.dep, which has no newline", "nvme ", "nvme_core", true },
	{ "what an absent module depends on", "ahci ", "nvme_core", false },
	{ "a module that the kernel has built in", "ahci ", "virtio_pci", true },
	{ "an empty list", "", "ahci", false },
	{ "an empty list, built in", "", "sd_mod", true },
};

static void the_initrd_has_what_is_listed_needed_or_built_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct initrd_modules modules = { cases[i].listed, depends, builtin };

		print_message("%s\n", cases[i].sentence);
		assert_int_equal(initrd_modules_have(&modules, cases[i].name), cases[i].has);
	}
}

/* A name that no module can have is not found, also not in a list that has it. */
static void a_name_of_any_length_is_looked_for(void **state)
{
	const char name[] =
		"an_overlong_name_of_a_module_that_no_kernel_has_because_it_has_80_characters";
	const struct initrd_modules modules = { name, depends, builtin };

	(void)state;
	assert_true(sizeof(name) > 64);
	assert_false(initrd_modules_have(&modules, "ahci"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_initrd_has_what_is_listed_needed_or_built_in),
		cmocka_unit_test(a_name_of_any_length_is_looked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
