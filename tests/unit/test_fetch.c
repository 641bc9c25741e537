/* SPDX-License-Identifier: MIT */
/* Exercises fetch, curl_transfer, download and the settings of both. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/download.h"
#include "net/fetch.h"

#define ODD_NAME "a b#c?d%41"

/* All time-outs at their defaults, but no second attempt. */
static const struct fetch_settings config = { .attempts = 1 };

static char folder[] = "/tmp/test-fetch-XXXXXX";
static char big_path[64], odd_path[64];
static const size_t big_bytes = 3000000;

static int make_folder(void **state)
{
	FILE *file;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(big_path, sizeof(big_path), "%s/big", folder);
	snprintf(odd_path, sizeof(odd_path), "%s/%s", folder, ODD_NAME);
	file = fopen(big_path, "w");
	for (size_t i = 0; i < big_bytes; i++)
		fputc((int)(i % 251), file);
	fclose(file);
	file = fopen(odd_path, "w");
	fputs("odd", file);
	return fclose(file);
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(big_path);
	unlink(odd_path);
	return rmdir(folder);
}

static void a_plain_path_is_quoted_into_a_url(void **state)
{
	struct error err = { 0 };
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(download_fetch(&config, odd_path, 3, &text, &size, &err), 0);
	assert_int_equal(size, 3);
	assert_string_equal(text, "odd");
	free(text);
}

static void a_file_url_is_taken_as_it_is(void **state)
{
	struct error err = { 0 };
	char url[128];
	char *text;
	size_t size;

	(void)state;
	snprintf(url, sizeof(url), "file://%s/a%%20b%%23c%%3fd%%2541", folder);
	assert_int_equal(download_fetch(&config, url, 10, &text, &size, &err), 0);
	assert_string_equal(text, "odd");
	free(text);
}

static void a_larger_document_than_allowed_is_refused(void **state)
{
	struct error err = { 0 };
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(download_fetch(&config, odd_path, 2, &text, &size, &err), -EFBIG);
	assert_int_equal(err.code, EXIT_FETCH);
	assert_non_null(strstr(err.text, "it is larger than 2 bytes"));
	assert_non_null(strstr(err.text, folder));
}

static void fails(const char *url, int r, const char *reason)
{
	struct error err = { 0 };
	char *text;
	size_t size;

	assert_int_equal(download_fetch(&config, url, 100, &text, &size, &err), r);
	assert_int_equal(err.code, EXIT_FETCH);
	if (!strstr(err.text, reason) || !strstr(err.text, url))
		fail_msg("'%s' does not say '%s' and '%s'", err.text, url, reason);
}

static void what_is_not_there_is_told_from_other_errors(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/missing", folder);
	fails(path, -ENOENT, "No such file or directory");
	snprintf(path, sizeof(path), "%s/big/below", folder);
	fails(path, -ENOTDIR, "Not a directory");
	fails("gopher://localhost/x", -EIO, "rotocol");
	fails("http://127.0.0.1:1/x", -ETIMEDOUT, "onnect");
}

static int shorten(void *userdata, const uint8_t *data, size_t size, struct error *err)
{
	(void)userdata;
	(void)data;
	(void)size;
	(void)err;
	return truncate(odd_path, 1000000);
}

/* libcurl takes a read error for the end of the file. */
static void what_could_not_be_read_is_not_the_end_of_the_file(void **state)
{
	struct fetch *fetch = fetch_new(&config, 1, NULL);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(truncate(odd_path, (off_t)big_bytes), 0);
	assert_int_equal(fetch_stream(fetch, odd_path, shorten, NULL, &err), -EIO);
	assert_non_null(strstr(err.text, "of 3000000 bytes could be read"));
	fetch_free(&fetch);
}

static int compare_piece(void *userdata, const uint8_t *data, size_t size, struct error *err)
{
	size_t *at = userdata;

	(void)err;
	for (size_t i = 0; i < size; i++)
		assert_int_equal(data[i], (*at + i) % 251);
	*at += size;
	return 0;
}

static void a_stream_comes_whole_and_in_order(void **state)
{
	struct fetch *fetch = fetch_new(&config, 1, NULL);
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		size_t at = 0;

		assert_int_equal(fetch_stream(fetch, big_path, compare_piece, &at, &err), 0);
		assert_int_equal(at, big_bytes);
	}
	fetch_free(&fetch);
}

static int refuse_piece(void *userdata, const uint8_t *data, size_t size, struct error *err)
{
	(void)userdata;
	(void)data;
	(void)size;
	return error_set_code(err, EXIT_VERIFY, -EBADMSG, "it tastes bad");
}

static void what_the_receiver_says_ends_the_transfer(void **state)
{
	struct fetch *fetch = fetch_new(&config, 1, NULL);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(fetch_stream(fetch, big_path, refuse_piece, NULL, &err), -EBADMSG);
	assert_int_equal(err.code, EXIT_VERIFY);
	assert_non_null(strstr(err.text, "it tastes bad"));
	assert_non_null(strstr(err.text, big_path));
	fetch_free(&fetch);
}

static void a_stopped_transfer_ends(void **state)
{
	atomic_bool stop = true;
	struct fetch *fetch = fetch_new(&config, 1, &stop);
	struct error err = { 0 };
	size_t at = 0;

	(void)state;
	assert_int_equal(fetch_stream(fetch, big_path, compare_piece, &at, &err), -ECANCELED);
	fetch_free(&fetch);
}

struct stopped_stream {
	atomic_bool stop;
	size_t size_bytes;
};

static int stop_at_first_piece(void *userdata, const uint8_t *data, size_t size, struct error *err)
{
	struct stopped_stream *stream = userdata;

	(void)data;
	(void)err;
	stream->size_bytes += size;
	atomic_store(&stream->stop, true);
	return 0;
}

static void a_stop_ends_a_transfer_before_all_has_come(void **state)
{
	struct stopped_stream stream = { .size_bytes = 0 };
	struct fetch *fetch = fetch_new(&config, 1, &stream.stop);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
		fetch_stream(fetch, big_path, stop_at_first_piece, &stream, &err), -ECANCELED);
	assert_in_range(stream.size_bytes, 1, big_bytes - 1);
	fetch_free(&fetch);
}

static void ignore_end(void *userdata, int r, struct error *err)
{
	(void)userdata;
	(void)err;
	assert_int_equal(r, 0);
}

static void each_request_that_ends_lets_one_more_run_at_a_time(void **state)
{
	static const size_t expected[] = { 1, 2, 3, 3 };
	const struct fetch_request request = { .url = odd_path, .done = ignore_end };

	(void)state;
	for (size_t ended = 0; ended < sizeof(expected) / sizeof(expected[0]); ended++) {
		struct fetch *fetch = fetch_new(&config, 3, NULL);
		size_t added = 0;

		for (size_t i = 0; i < ended; i++) {
			fetch_add(fetch, &request);
			while (fetch_step(fetch, 100))
				;
		}
		for (; fetch_starts_next(fetch); added++)
			fetch_add(fetch, &request);
		assert_int_equal(added, expected[ended]);
		while (fetch_step(fetch, 100))
			;
		fetch_free(&fetch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_path_is_quoted_into_a_url),
		cmocka_unit_test(a_file_url_is_taken_as_it_is),
		cmocka_unit_test(a_larger_document_than_allowed_is_refused),
		cmocka_unit_test(what_is_not_there_is_told_from_other_errors),
		cmocka_unit_test(what_could_not_be_read_is_not_the_end_of_the_file),
		cmocka_unit_test(a_stream_comes_whole_and_in_order),
		cmocka_unit_test(what_the_receiver_says_ends_the_transfer),
		cmocka_unit_test(a_stopped_transfer_ends),
		cmocka_unit_test(a_stop_ends_a_transfer_before_all_has_come),
		cmocka_unit_test(each_request_that_ends_lets_one_more_run_at_a_time),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
