/* SPDX-License-Identifier: MIT */
/* Proves for which lines of /lib/modules/drivers a machine has a device, and which files and
 * patterns a line has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "init/driver_line.h"

/* A PIIX IDE controller, a virtio disk on PCI, the power button, and USB. */
static char *const devices[] = {
	(char[]){ "pci:v00008086d00007010sv00001AF4sd00001100bc01sc01i80" },
	(char[]){ "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00" },
	(char[]){ "virtio:d00000002v00001AF4" },
	(char[]){ "acpi:LNXPWRBN:" },
	(char[]){ "usb:" },
};

struct sample {
	const char *name, *line;
	bool is_wanted;
};

static const struct sample samples[] = {
	{ "a_driver_without_a_pattern_is_wanted", "fat.ko vfat.ko", true },
	{ "a_driver_of_a_present_device_is_wanted",
		"virtio_ring.ko virtio.ko virtio_blk.ko virtio:d00000002v*", true },
	{ "a_driver_of_an_absent_device_is_not", "virtio.ko virtio_net.ko virtio:d00000001v*",
		false },
	{ "one_matching_pattern_of_several_is_enough",
		"e.ko pci:v00008086d00001000sv*sd*bc*sc*i* pci:v00008086d00007010sv*sd*bc*sc*i*",
		true },
	{ "none_of_several_patterns_is_not",
		"e.ko pci:v00008086d00001000sv*sd*bc*sc*i* pci:v00008086d00001001sv*sd*bc*sc*i*",
		false },
	{ "a_pattern_may_name_the_class_alone", "ata_generic.ko pci:v*d*sv*sd*bc01sc01i*", true },
	{ "another_class_is_not", "nvme.ko pci:v*d*sv*sd*bc01sc08i02*", false },
	{ "a_pattern_of_acpi_has_a_star_before_the_colon",
		"button.ko acpi*:LNXPWRBN:* acpi*:PNP0C0C:*", true },
	{ "a_bus_stands_for_devices_that_appear_later", "usb-storage.ko usb:*", true },
	{ "an_absent_bus_is_not", "hv_storvsc.ko vmbus:*", false },
	{ "a_pattern_of_impossible_length_matches_nothing",
		"x.ko pci:****************************************************************************"
		"********************************************************************************"
		"********************************************************************************"
		"********************************************************************************",
		false },
	{ "an_empty_line_has_nothing_to_load", "", true },
};
#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static void is_as_the_table_says(void **state)
{
	const struct sample *sample = *state;
	bool wanted = driver_line_is_wanted(
		sample->line, devices, sizeof(devices) / sizeof(devices[0]));

	assert_int_equal(wanted, sample->is_wanted);
}

static void words_come_in_their_order(void **state)
{
	const char *position = " a.ko  b.ko pci:v*\n";
	char text[64] = "";
	struct driver_word word;

	(void)state;
	while (driver_line_next(&position, &word))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.*s=%d ",
			(int)word.length, word.text, word.is_file);
	assert_string_equal(text, "a.ko=1 b.ko=1 pci:v*=0 ");
	assert_string_equal(position, "");
}

int main(void)
{
	struct CMUnitTest tests[SAMPLE_COUNT + 1] = {
		cmocka_unit_test(words_come_in_their_order),
	};

	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		tests[i + 1] = (struct CMUnitTest){ .name = samples[i].name,
			.test_func = is_as_the_table_says,
			.initial_state = (void *)(uintptr_t)&samples[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
