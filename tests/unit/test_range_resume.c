/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/range_resume.h"

/* The first answer: 1000 bytes, of which 400 came. */
static struct range_resume broken_off(const char *etag)
{
	const struct answer answer = { .status = 200, .length_bytes = 1000, .etag = etag };
	struct range_resume resume = { 0 };
	struct error err = { 0 };

	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	assert_int_equal(range_resume_known(&resume, 400), 0);
	range_resume_take(&resume, 400);
	assert_int_equal(range_resume_end(&resume, &err), -EIO);
	assert_string_equal(err.text, "only 400 of 1000 bytes could be read");
	assert_false(range_resume_is_complete(&resume));
	return resume;
}

static void refused(struct range_resume resume, const struct answer *answer, const char *sentence)
{
	struct error err = { 0 };

	assert_true(range_resume_begin(&resume, answer, &err) < 0);
	assert_int_equal(err.code, EXIT_FETCH);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not say '%s'", err.text, sentence);
}

static void a_part_goes_on_where_the_first_answer_broke_off(void **state)
{
	struct range_resume resume = broken_off("\"a\"");
	const struct answer answer = { .status = 206,
		.length_bytes = 600,
		.content_range = "bytes 400-999/1000",
		.etag = "" };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	assert_int_equal(range_resume_known(&resume, 600), 0);
	range_resume_take(&resume, 600);
	assert_int_equal(resume.got_bytes, 1000);
	assert_true(range_resume_is_complete(&resume));
	assert_int_equal(range_resume_end(&resume, &err), 0);
}

static void nothing_is_left_only_when_the_last_byte_of_a_known_length_was_taken(void **state)
{
	static const struct {
		struct range_resume resume;
		bool complete;
	} cases[] = {
		{ { .total_bytes = 9, .got_bytes = 9 }, true },
		{ { .total_bytes = 9, .got_bytes = 8 }, false },
		{ { .total_bytes = 9, .got_bytes = 9, .skip_bytes = 1 }, false },
		{ { .total_bytes = 9, .got_bytes = 9, .encoded = true }, false },
		{ { .total_bytes = -1, .got_bytes = 9 }, false },
		{ { .total_bytes = 0, .got_bytes = 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(range_resume_is_complete(&cases[i].resume), cases[i].complete);
}

static void a_server_that_begins_again_is_skipped_to_the_break(void **state)
{
	struct range_resume resume = broken_off("\"a\"");
	const struct answer answer = { .status = 200, .length_bytes = 1000, .etag = "\"a\"" };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	assert_int_equal(range_resume_known(&resume, 300), 300);
	range_resume_take(&resume, 300);
	assert_int_equal(range_resume_known(&resume, 300), 100);
	range_resume_take(&resume, 300);
	assert_int_equal(resume.got_bytes, 600);
	/* Broken off again, before the byte that is new. */
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	range_resume_take(&resume, 100);
	assert_int_equal(resume.got_bytes, 600);
	assert_int_equal(range_resume_end(&resume, &err), -EIO);
}

static void another_part_is_refused(void **state)
{
	struct answer answer = { .status = 206, .length_bytes = 600, .etag = "" };
	static const char *const ranges[] = { "bytes 401-999/1000", "bytes 0-999/1000", "",
		"nonsense" };

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		answer.content_range = ranges[i];
		refused(broken_off("\"a\""), &answer,
			"another part than the one that was requested");
	}
	answer.content_range = "bytes 0-999/1000";
	refused((struct range_resume){ 0 }, &answer, "another part");
}

static void what_has_changed_is_not_spliced(void **state)
{
	struct answer answer = { .status = 206,
		.length_bytes = 700,
		.content_range = "bytes 400-1099/1100",
		.etag = "" };

	(void)state;
	refused(broken_off("\"a\""), &answer, "it changed on the server");
	answer = (struct answer){ .status = 200, .length_bytes = 1000, .etag = "\"b\"" };
	refused(broken_off("\"a\""), &answer, "it changed on the server");
	answer = (struct answer){ .status = 200, .length_bytes = 1001, .etag = "\"a\"" };
	refused(broken_off("\"a\""), &answer, "it changed on the server");
}

static void a_weak_etag_is_not_asked_for(void **state)
{
	(void)state;
	assert_string_equal(broken_off("W/\"a\"").etag, "");
	assert_string_equal(broken_off("\"a\"").etag, "\"a\"");
}

static void a_longer_etag_than_there_is_room_for_is_not_cut(void **state)
{
	char etag[RESUME_ETAG_BYTES + 1];

	(void)state;
	memset(etag, 'x', sizeof(etag));
	etag[0] = etag[RESUME_ETAG_BYTES - 1] = '"';
	etag[RESUME_ETAG_BYTES] = '\0';
	assert_string_equal(broken_off(etag).etag, "");
	etag[1] = '"';
	assert_string_equal(broken_off(etag + 1).etag, etag + 1);
}

static void an_unknown_length_ends_where_it_ends(void **state)
{
	const struct answer answer = { .status = 200, .length_bytes = -1, .etag = "" };
	struct range_resume resume = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	range_resume_take(&resume, 10);
	assert_int_equal(range_resume_end(&resume, &err), 0);
	assert_false(range_resume_is_complete(&resume));
	/* But not before what had come already. */
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	range_resume_take(&resume, 9);
	assert_int_equal(range_resume_end(&resume, &err), -EIO);
}

/* The first answer: 100 encoded bytes, of which came what gives 400. */
static struct range_resume broken_off_encoded(void)
{
	const struct answer answer = {
		.status = 200, .length_bytes = 100, .encoded = true, .etag = "\"a\""
	};
	struct range_resume resume = { 0 };
	struct error err = { 0 };

	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	range_resume_take(&resume, 400);
	assert_int_equal(range_resume_first_byte(&resume), 0);
	return resume;
}

static void nothing_is_missing_behind_the_last_byte(void **state)
{
	struct range_resume resume = { .got_bytes = 500, .total_bytes = -1 };

	(void)state;
	assert_true(range_resume_is_behind(&resume, "bytes */500"));
	assert_false(range_resume_is_behind(&resume, "bytes */400"));
	assert_false(range_resume_is_behind(&resume, "bytes */600"));
	assert_false(range_resume_is_behind(&resume, ""));
	resume.encoded = true;
	assert_false(range_resume_is_behind(&resume, "bytes */500"));
	resume = (struct range_resume){ .total_bytes = -1 };
	assert_false(range_resume_is_behind(&resume, "bytes */0"));
}

static void encoded_content_begins_again_whatever_its_length(void **state)
{
	struct range_resume resume = broken_off_encoded();
	struct answer answer = {
		.status = 200, .length_bytes = 99, .encoded = true, .etag = "\"a\""
	};
	struct error err = { 0 };

	(void)state;
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	assert_int_equal(range_resume_known(&resume, 500), 400);
	range_resume_take(&resume, 500);
	assert_int_equal(range_resume_end(&resume, &err), 0);
	answer.etag = "\"b\"";
	refused(broken_off_encoded(), &answer, "it changed on the server");
}

static void a_server_may_encode_one_answer_and_not_the_next(void **state)
{
	struct range_resume resume = broken_off_encoded();
	struct answer answer = { .status = 200, .length_bytes = 500, .etag = "\"a\"" };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	range_resume_take(&resume, 450);
	assert_int_equal(range_resume_first_byte(&resume), 450);

	resume = broken_off("\"a\"");
	answer = (struct answer){
		.status = 200, .length_bytes = 100, .encoded = true, .etag = "\"a\""
	};
	assert_int_equal(range_resume_begin(&resume, &answer, &err), 0);
	assert_int_equal(range_resume_known(&resume, 1000), 400);
	assert_int_equal(range_resume_first_byte(&resume), 0);
}

static void parts_and_encoded_content_do_not_fit_together(void **state)
{
	struct answer answer = { .status = 206,
		.length_bytes = 600,
		.content_range = "bytes 400-999/1000",
		.etag = "\"a\"" };

	(void)state;
	refused(broken_off_encoded(), &answer, "another part");
	answer.encoded = true;
	refused(broken_off("\"a\""), &answer, "another part");
}

static void a_part_tells_a_length_that_was_not_known(void **state)
{
	const struct answer first = { .status = 200, .length_bytes = -1, .etag = "" };
	const struct answer rest = { .status = 206,
		.length_bytes = 600,
		.content_range = "bytes 400-999/1000",
		.etag = "" };
	struct range_resume resume = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(range_resume_begin(&resume, &first, &err), 0);
	range_resume_take(&resume, 400);
	assert_int_equal(range_resume_begin(&resume, &rest, &err), 0);
	range_resume_take(&resume, 599);
	assert_int_equal(range_resume_end(&resume, &err), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_goes_on_where_the_first_answer_broke_off),
		cmocka_unit_test(
			nothing_is_left_only_when_the_last_byte_of_a_known_length_was_taken),
		cmocka_unit_test(a_server_that_begins_again_is_skipped_to_the_break),
		cmocka_unit_test(another_part_is_refused),
		cmocka_unit_test(what_has_changed_is_not_spliced),
		cmocka_unit_test(a_weak_etag_is_not_asked_for),
		cmocka_unit_test(a_longer_etag_than_there_is_room_for_is_not_cut),
		cmocka_unit_test(an_unknown_length_ends_where_it_ends),
		cmocka_unit_test(nothing_is_missing_behind_the_last_byte),
		cmocka_unit_test(encoded_content_begins_again_whatever_its_length),
		cmocka_unit_test(a_server_may_encode_one_answer_and_not_the_next),
		cmocka_unit_test(parts_and_encoded_content_do_not_fit_together),
		cmocka_unit_test(a_part_tells_a_length_that_was_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
