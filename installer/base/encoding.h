/* SPDX-License-Identifier: MIT */
/*
 * encoding — bytes as text and back: hexadecimal, base64 and Nix's base 32.
 *
 * Pure. Decoders are strict: they accept only the text that the encoder would write (hex in either
 * case).
 *
 * Tested by: tests/unit/test_encoding.c, tests/fuzz/encoding.c, tests/fuzz/peers.sh.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Characters that so many bytes take in Nix's base 32: 52 for a SHA-256. */
#define NIX32_CHARS(bytes)  (((bytes)*8 + 4) / 5)
#define HEX_CHARS(bytes)    ((bytes)*2)
#define BASE64_CHARS(bytes) (((bytes) + 2) / 3 * 4)

/* Nix's alphabet: digits and lower-case letters without e, o, t and u. */
extern const char nix32_alphabet[33];

/* ret takes NIX32_CHARS(size_bytes) characters and a NUL. */
void nix32_encode(const uint8_t *data, size_t size_bytes, char *ret);

/* ret takes HEX_CHARS(size_bytes) characters and a NUL; lower case. */
void hex_encode(const uint8_t *data, size_t size_bytes, char *ret);

/* ret takes BASE64_CHARS(size_bytes) characters and a NUL. */
void base64_encode(const uint8_t *data, size_t size_bytes, char *ret);

/* How many base64 digits the text begins with. */
size_t base64_digits(const char *text);

/* How many bytes base64 text of this length has, if it is any. */
size_t base64_decoded_bytes(const char *text, size_t length);

/* Each decodes length characters to exactly size_bytes bytes, or returns -EINVAL and leaves ret
 * undefined. */
int nix32_decode(const char *text, size_t length, uint8_t *ret, size_t size_bytes) WARN_UNUSED;
int hex_decode(const char *text, size_t length, uint8_t *ret, size_t size_bytes) WARN_UNUSED;
int base64_decode(const char *text, size_t length, uint8_t *ret, size_t size_bytes) WARN_UNUSED;

/* As base64_decode, but the padding may be missing. */
int base64_decode_unpadded(
	const char *text, size_t length, uint8_t *ret, size_t size_bytes) WARN_UNUSED;

/* A SHA-256 in any form that Nix writes: "sha256:" or nothing before hex, nix32 or base64, or
 * "sha256-" before base64 (SRI). Returns -EINVAL and leaves ret untouched if it is none. */
int sha256_decode(const char *text, uint8_t ret[32]) WARN_UNUSED;
