/* SPDX-License-Identifier: MIT */
/* Proves when a start of an installed guest counts as returned, and when kexec is not tried. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/start_choice.h"

static const struct install_mark never = { .state = MARK_INSTALLED };

static int check(
	const struct install_mark *mark, uint32_t superblock, bool on_xen, struct error *err)
{
	const struct last_start last = {
		.mark = *mark, .superblock = superblock, .on_xen = on_xen
	};

	return start_choice_check_return(&last, err);
}

static struct install_mark started(enum mark_start start, uint32_t superblock)
{
	return (struct install_mark){
		.state = MARK_INSTALLED, .start = start, .start_superblock = superblock
	};
}

static void a_guest_that_was_never_started_has_not_returned(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(check(&never, 0, false, &err), 0);
	assert_int_equal(check(&never, 7, true, &err), 0);
}

static void a_guest_that_has_written_its_superblock_has_started(void **state)
{
	const enum mark_start starts[] = { MARK_START_KEXEC, MARK_START_EJECT };

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		const struct install_mark mark = started(starts[i], 7);
		struct error err;

		assert_int_equal(check(&mark, 8, false, &err), 0);
	}
}

static void a_superblock_as_recorded_is_a_start_that_came_back(void **state)
{
	static const struct {
		enum mark_start start;
		const char *says;
	} rows[] = { { MARK_START_KEXEC, "by kexec came back" },
		{ MARK_START_EJECT, "with the medium ejected came back" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct install_mark mark = started(rows[i].start, 7);
		struct error err = { 0 };

		assert_int_equal(check(&mark, 7, false, &err), -ELOOP);
		assert_int_equal(err.code, EXIT_ALREADY_INSTALLED);
		assert_non_null(strstr(err.text, rows[i].says));
	}
}

static void every_byte_of_the_superblock_counts(void **state)
{
	uint8_t superblock[SUPERBLOCK_BYTES] = { 0 };
	uint32_t before = start_choice_checksum(superblock);

	(void)state;
	for (size_t i = 0; i < sizeof(superblock); i++) {
		superblock[i] = 1;
		assert_int_not_equal(start_choice_checksum(superblock), before);
		superblock[i] = 0;
	}
}

static void kexec_is_tried_unless_the_entry_names_no_files(void **state)
{
	const struct last_start last = { 0 };

	(void)state;
	assert_null(start_choice_why_no_kexec(&last, true));
	assert_non_null(strstr(start_choice_why_no_kexec(&last, false), "only the firmware"));
}

/* A domain whose toolstack knows no soft reset comes back from kexec once. */
static void a_domain_of_xen_ejects_after_a_kexec_that_came_back(void **state)
{
	static const struct {
		const char *what;
		enum mark_start start;
		uint32_t superblock;
		bool kexec;
		int check;
	} rows[] = {
		{ "never started", MARK_START_NONE, 7, true, 0 },
		{ "kexec has worked", MARK_START_KEXEC, 8, true, 0 },
		{ "kexec came back", MARK_START_KEXEC, 7, false, 0 },
		{ "ejecting has worked", MARK_START_EJECT, 8, false, 0 },
		{ "ejecting came back", MARK_START_EJECT, 7, false, -ELOOP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct last_start last = { .mark = started(rows[i].start, 7),
			.superblock = rows[i].superblock,
			.on_xen = true };
		struct error err;

		print_message("%s\n", rows[i].what);
		assert_int_equal(start_choice_why_no_kexec(&last, true) == NULL, rows[i].kexec);
		assert_int_equal(start_choice_check_return(&last, &err), rows[i].check);
	}
}

static void no_firmware_starts_what_the_host_starts(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(start_choice_check_firmware(LAYOUT_BIOS, &err), 0);
	assert_int_equal(start_choice_check_firmware(LAYOUT_GPT, &err), 0);
	assert_int_equal(start_choice_check_firmware(LAYOUT_DIRECT, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "layout direct"));
	assert_int_equal(start_choice_check_firmware(LAYOUT_PYGRUB, &err), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_was_never_started_has_not_returned),
		cmocka_unit_test(a_guest_that_has_written_its_superblock_has_started),
		cmocka_unit_test(a_superblock_as_recorded_is_a_start_that_came_back),
		cmocka_unit_test(every_byte_of_the_superblock_counts),
		cmocka_unit_test(kexec_is_tried_unless_the_entry_names_no_files),
		cmocka_unit_test(a_domain_of_xen_ejects_after_a_kexec_that_came_back),
		cmocka_unit_test(no_firmware_starts_what_the_host_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
