/* SPDX-License-Identifier: MIT */
/* Any bytes as text in hexadecimal, base64 and Nix's base 32, and encoded in them. What a decoder
 * accepts is what the encoder writes. */
#include "base/encoding.h"
#include "fuzz.h"

typedef void encode_fn(const uint8_t *data, size_t size_bytes, char *ret);
typedef int decode_fn(const char *text, size_t length, uint8_t *ret, size_t size_bytes);

static void check(encode_fn *encode, decode_fn *decode, const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = must_realloc(NULL, HEX_CHARS(size_bytes) + 5, 1);
	AUTO_FREE uint8_t *again = must_realloc(NULL, size_bytes + 1, 1);

	encode(data, size_bytes, text);
	promised(decode(text, strlen(text), again, size_bytes) == 0);
	promised(memcmp(again, data, size_bytes) == 0);
}

static void check_text(encode_fn *encode, decode_fn *decode, const char *text, size_t size_bytes)
{
	AUTO_FREE uint8_t *bytes = must_realloc(NULL, size_bytes + 1, 1);
	AUTO_FREE char *again = must_realloc(NULL, HEX_CHARS(size_bytes) + 5, 1);

	if (decode(text, strlen(text), bytes, size_bytes) < 0)
		return;
	encode(bytes, size_bytes, again);
	promised(strcasecmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	size_t length = strlen(text);
	uint8_t sum[32];

	check(hex_encode, hex_decode, data, size_bytes);
	check(base64_encode, base64_decode, data, size_bytes);
	check(nix32_encode, nix32_decode, data, size_bytes);
	check_text(hex_encode, hex_decode, text, length / 2);
	check_text(base64_encode, base64_decode, text, base64_decoded_bytes(text, length));
	check_text(nix32_encode, nix32_decode, text, length * 5 / 8);
	if (sha256_decode(text, sum) == 0)
		promised(length >= 44);
	return 0;
}
