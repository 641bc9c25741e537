/* SPDX-License-Identifier: MIT */
/*
 * digest — SHA-256, Ed25519 and curve points by libcrypto (the only file that includes it).
 *
 * encoding writes sums and keys as text.
 *
 * Tested by: tests/unit/test_encoding.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SHA256_BYTES	  32
#define ED25519_KEY_BYTES 32
#define ED25519_SIG_BYTES 64

struct digest; /* a running SHA-256 */

struct digest *digest_new(void);
void digest_update(struct digest *digest, const void *data, size_t size_bytes);
/* Ends it, writes the sum and frees it. */
void digest_finish(struct digest *digest, uint8_t ret_sum[SHA256_BYTES]);
void digest_free(struct digest **digest);

/* SHA-256 of one piece. */
void digest_sha256(const void *data, size_t size_bytes, uint8_t ret_sum[SHA256_BYTES]);

/* Ed25519 (RFC 8032): 1 if sig is right, 0 if not. */
int digest_verify_ed25519(const uint8_t key[ED25519_KEY_BYTES],
	const uint8_t sig[ED25519_SIG_BYTES], const void *data, size_t size_bytes);

/* The public key of a private one (RFC 8032, section 5.1.5). */
void digest_ed25519_public(
	const uint8_t private_key[ED25519_KEY_BYTES], uint8_t ret_public[ED25519_KEY_BYTES]);

/* Whether an encoded point (SEC 1, section 2.3.3, uncompressed) lies on the curve "nistp256",
 * "nistp384" or "nistp521". */
bool digest_is_curve_point(const char *curve, const uint8_t *point, size_t size_bytes) WARN_UNUSED;
