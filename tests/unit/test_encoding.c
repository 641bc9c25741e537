/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/encoding.h"

/* sha256("") in the three forms, as nix-hash --to-base32 and nix hash to-sri print them. */
#define EMPTY_HEX    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_NIX32  "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"
#define EMPTY_BASE64 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static void the_empty_sum_is_written_as_nix_writes_it(void **state)
{
	uint8_t sum[SHA256_BYTES];
	char text[HEX_CHARS(SHA256_BYTES) + 1];

	(void)state;
	digest_sha256("", 0, sum);
	hex_encode(sum, sizeof(sum), text);
	assert_string_equal(text, EMPTY_HEX);
	nix32_encode(sum, sizeof(sum), text);
	assert_string_equal(text, EMPTY_NIX32);
}

static void every_form_of_the_empty_sum_is_read(void **state)
{
	uint8_t want[SHA256_BYTES], got[SHA256_BYTES];

	(void)state;
	digest_sha256("", 0, want);
	assert_int_equal(hex_decode(EMPTY_HEX, strlen(EMPTY_HEX), got, sizeof(got)), 0);
	assert_memory_equal(got, want, sizeof(got));
	memset(got, 0, sizeof(got));
	assert_int_equal(nix32_decode(EMPTY_NIX32, strlen(EMPTY_NIX32), got, sizeof(got)), 0);
	assert_memory_equal(got, want, sizeof(got));
	memset(got, 0, sizeof(got));
	assert_int_equal(base64_decode(EMPTY_BASE64, strlen(EMPTY_BASE64), got, sizeof(got)), 0);
	assert_memory_equal(got, want, sizeof(got));
}

static void upper_case_hex_is_read(void **state)
{
	uint8_t got[2];

	(void)state;
	assert_int_equal(hex_decode("aBCd", 4, got, 2), 0);
	assert_memory_equal(got, "\xab\xcd", 2);
}

static void every_size_survives_nix32_there_and_back(void **state)
{
	uint8_t data[32], got[32];
	char text[NIX32_CHARS(32) + 1];

	(void)state;
	for (size_t size = 1; size <= sizeof(data); size++) {
		for (size_t i = 0; i < size; i++)
			data[i] = (uint8_t)(i * 37 + size * 101 + 200);
		nix32_encode(data, size, text);
		assert_int_equal(strlen(text), NIX32_CHARS(size));
		assert_int_equal(nix32_decode(text, strlen(text), got, size), 0);
		assert_memory_equal(got, data, size);
	}
}

static void texts_that_are_not_exact_are_refused(void **state)
{
	uint8_t got[32];
	char text[64];

	(void)state;
	assert_int_equal(nix32_decode(EMPTY_NIX32, 51, got, 32), -EINVAL);
	strcpy(text, EMPTY_NIX32);
	text[10] = 'e'; /* not in the alphabet */
	assert_int_equal(nix32_decode(text, 52, got, 32), -EINVAL);
	strcpy(text, EMPTY_NIX32);
	text[0] = 'z'; /* 260 bits do not fit into 256 */
	assert_int_equal(nix32_decode(text, 52, got, 32), -EINVAL);
	text[0] = '\0';
	assert_int_equal(nix32_decode(text, 52, got, 32), -EINVAL);
	assert_int_equal(hex_decode("abc", 3, got, 2), -EINVAL);
	assert_int_equal(hex_decode("abcg", 4, got, 2), -EINVAL);
}

static void base64_is_strict_about_padding_and_spare_bits(void **state)
{
	uint8_t got[3];

	(void)state;
	assert_int_equal(base64_decode("Zg==", 4, got, 1), 0);
	assert_int_equal(got[0], 'f');
	assert_int_equal(base64_decode("Zm8=", 4, got, 2), 0);
	assert_int_equal(base64_decode("Zm9v", 4, got, 3), 0);
	assert_memory_equal(got, "foo", 3);
	assert_int_equal(base64_decode("Zh==", 4, got, 1), -EINVAL);
	assert_int_equal(base64_decode("Zg=A", 4, got, 1), -EINVAL);
	assert_int_equal(base64_decode("Zg==", 4, got, 2), -EINVAL);
	assert_int_equal(base64_decode("Zm9=", 4, got, 2), -EINVAL);
	assert_int_equal(base64_decode("Z m9", 4, got, 3), -EINVAL);
	assert_int_equal(base64_decode("Zg", 2, got, 1), -EINVAL);
}

static void the_padding_of_base64_may_be_missing_where_that_is_allowed(void **state)
{
	uint8_t got[3];

	(void)state;
	assert_int_equal(base64_decode_unpadded("Zg", 2, got, 1), 0);
	assert_int_equal(got[0], 'f');
	assert_int_equal(base64_decode_unpadded("Zg==", 4, got, 1), 0);
	assert_int_equal(base64_decode_unpadded("Zm8", 3, got, 2), 0);
	assert_memory_equal(got, "fo", 2);
	assert_int_equal(base64_decode_unpadded("Zm9v", 4, got, 3), 0);
	assert_int_equal(base64_decode_unpadded("Zg=", 3, got, 1), -EINVAL);
	assert_int_equal(base64_decode_unpadded("Zh", 2, got, 1), -EINVAL);
	assert_int_equal(base64_decode_unpadded("Z", 1, got, 1), -EINVAL);
}

/* The sum of "abc" (FIPS 180-2, B.1); the others by `nix hash to-…` of it. */
static void a_sha256_is_read_in_every_form_of_nix(void **state)
{
	static const char *const good[] = {
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
		"sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
		"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
		"sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
	};
	static const char *const bad[] = { "", "sha256:", "sha256-", "sha512-AAAA", "abc",
		"sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256-1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s" };
	uint8_t sum[32], expected[32];

	(void)state;
	assert_int_equal(hex_decode(good[0], 64, expected, 32), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(sum, 0, sizeof(sum));
		assert_int_equal(sha256_decode(good[i], sum), 0);
		assert_memory_equal(sum, expected, 32);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sha256_decode(bad[i], sum), -EINVAL);
}

/* RFC 4648, section 10. */
static void base64_is_written_as_the_standard_shows(void **state)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd", "//79" } };
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t size = strlen(pairs[i][0]);

		base64_encode((const uint8_t *)pairs[i][0], size, text);
		assert_string_equal(text, pairs[i][1]);
		assert_int_equal(base64_decoded_bytes(text, strlen(text)), size);
	}
	assert_int_equal(base64_decoded_bytes("==", 2), 0);
	assert_int_equal(base64_decoded_bytes("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_sum_is_written_as_nix_writes_it),
		cmocka_unit_test(every_form_of_the_empty_sum_is_read),
		cmocka_unit_test(upper_case_hex_is_read),
		cmocka_unit_test(every_size_survives_nix32_there_and_back),
		cmocka_unit_test(texts_that_are_not_exact_are_refused),
		cmocka_unit_test(base64_is_strict_about_padding_and_spare_bits),
		cmocka_unit_test(the_padding_of_base64_may_be_missing_where_that_is_allowed),
		cmocka_unit_test(a_sha256_is_read_in_every_form_of_nix),
		cmocka_unit_test(base64_is_written_as_the_standard_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
