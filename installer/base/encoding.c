/* SPDX-License-Identifier: MIT */
#include "base/encoding.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

const char nix32_alphabet[33] = "0123456789abcdfghijklmnpqrsvwxyz";

/* Nix reads the bytes as one little-endian number and writes its most significant five bits
 * first; character n from the end holds bits 5n to 5n + 4 (libutil, printHash32). */
void nix32_encode(const uint8_t *data, size_t size_bytes, char *ret)
{
	size_t length = NIX32_CHARS(size_bytes);

	for (size_t i = 0; i < length; i++) {
		size_t bit = (length - 1 - i) * 5;
		unsigned window = data[bit / 8];

		if (bit / 8 + 1 < size_bytes)
			window |= (unsigned)data[bit / 8 + 1] << 8;
		ret[i] = nix32_alphabet[window >> bit % 8 & 31];
	}
	ret[length] = '\0';
}

void hex_encode(const uint8_t *data, size_t size_bytes, char *ret)
{
	for (size_t i = 0; i < size_bytes; i++) {
		ret[2 * i] = "0123456789abcdef"[data[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[data[i] & 15];
	}
	ret[2 * size_bytes] = '\0';
}

/* The character's place in the alphabet, or -1. A NUL is in no alphabet. */
static int digit(const char *alphabet, char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

int nix32_decode(const char *text, size_t length, uint8_t *ret, size_t size_bytes)
{
	if (length != NIX32_CHARS(size_bytes))
		return -EINVAL;
	memset(ret, 0, size_bytes);
	for (size_t i = 0; i < length; i++) {
		size_t bit = (length - 1 - i) * 5;
		int value = digit(nix32_alphabet, text[i]);
		unsigned window;

		if (value < 0)
			return -EINVAL;
		window = (unsigned)value << bit % 8;
		ret[bit / 8] |= (uint8_t)window;
		if (bit / 8 + 1 < size_bytes)
			ret[bit / 8 + 1] |= (uint8_t)(window >> 8);
		else if (window >> 8)
			return -EINVAL; /* bits beyond the last byte */
	}
	return 0;
}

int hex_decode(const char *text, size_t length, uint8_t *ret, size_t size_bytes)
{
	if (length != HEX_CHARS(size_bytes))
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int value = digit("0123456789abcdef", text[i]);

		if (value < 0)
			value = digit("0123456789ABCDEF", text[i]);
		if (value < 0)
			return -EINVAL;
		ret[i / 2] = (uint8_t)(i % 2 ? ret[i / 2] | value : value << 4);
	}
	return 0;
}

/* RFC 4648, section 4, with padding. */
static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *data, size_t size_bytes, char *ret)
{
	for (size_t i = 0; i < size_bytes; i += 3, ret += 4) {
		size_t left = size_bytes - i;
		uint32_t window = (uint32_t)data[i] << 16 |
				  (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
				  (left > 2 ? data[i + 2] : 0);

		for (unsigned n = 0; n < 4; n++)
			ret[n] = n > left ? '=' : base64_alphabet[window >> (18 - 6 * n) & 63];
	}
	*ret = '\0';
}

size_t base64_digits(const char *text)
{
	return strspn(text, base64_alphabet);
}

size_t base64_decoded_bytes(const char *text, size_t length)
{
	size_t padding = 0;

	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	return length / 4 * 3 < padding ? 0 : length / 4 * 3 - padding;
}

int base64_decode(const char *text, size_t length, uint8_t *ret, size_t size_bytes)
{
	if (length != BASE64_CHARS(size_bytes))
		return -EINVAL;
	return base64_decode_unpadded(text, length, ret, size_bytes);
}

int base64_decode_unpadded(const char *text, size_t length, uint8_t *ret, size_t size_bytes)
{
	size_t unpadded = BASE64_CHARS(size_bytes) - (3 - size_bytes % 3) % 3;
	uint32_t window = 0;
	size_t filled = 0;

	if (length != unpadded && length != BASE64_CHARS(size_bytes))
		return -EINVAL;
	for (size_t i = 0; i < BASE64_CHARS(size_bytes); i++) {
		bool pad = i >= unpadded;
		int value = pad ? -1 : digit(base64_alphabet, text[i]);

		if (pad ? i < length && text[i] != '=' : value < 0)
			return -EINVAL;
		window = window << 6 | (pad ? 0 : (uint32_t)value);
		if (i % 4 != 3)
			continue;
		for (int shift = 16; shift >= 0; shift -= 8) {
			uint8_t byte = (uint8_t)(window >> shift);

			if (filled < size_bytes)
				ret[filled++] = byte;
			else if (byte)
				return -EINVAL; /* bits beyond the last byte */
		}
		window = 0;
	}
	return 0;
}

int sha256_decode(const char *text, uint8_t ret[32])
{
	bool sri = text_starts_with(text, "sha256-");
	uint8_t sum[32];
	size_t length;

	if (sri || text_starts_with(text, "sha256:"))
		text += strlen("sha256:");
	length = strlen(text);
	if (base64_decode(text, length, sum, sizeof(sum)) < 0 &&
		(sri || (nix32_decode(text, length, sum, sizeof(sum)) < 0 &&
				hex_decode(text, length, sum, sizeof(sum)) < 0)))
		return -EINVAL;
	memcpy(ret, sum, sizeof(sum));
	return 0;
}
