/* SPDX-License-Identifier: MIT */
/*
 * uuid — random UUIDs, UUIDs derived from a seed, and the 16 bytes of a UUID, by libuuid (the only
 * file that includes it).
 *
 * All identities of an install are derived from one seed: the same seed gives the same bytes on the
 * disk. A derived UUID is of version 5 (RFC 9562, section 5.5) with the seed as its namespace:
 * `uuidgen --sha1 --namespace SEED --name PURPOSE` prints the same.
 *
 * Tested by: tests/unit/test_uuid.c.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define UUID_BYTES	16
#define UUID_TEXT_BYTES 37 /* with the NUL */

/* A random UUID (version 4) in lower case. */
void uuid_choose(char ret[UUID_TEXT_BYTES]);

/* A UUID in lower case for one purpose. seed is a UUID of any case. */
void uuid_derive(const char *seed, const char *purpose, char ret[UUID_TEXT_BYTES]);

/* The same in upper case, as GPT has it. */
void uuid_derive_upper(const char *seed, const char *purpose, char ret[UUID_TEXT_BYTES]);

/* The serial number of a FAT file system for one purpose: XXXX-XXXX in upper case. */
#define FAT_SERIAL_BYTES 10 /* with the NUL */
void uuid_derive_fat_serial(const char *seed, const char *purpose, char ret[FAT_SERIAL_BYTES]);

/* The first four bytes of the derived UUID, or 1 if they are 0. */
uint32_t uuid_derive_u32(const char *seed, const char *purpose);

/* The bytes of a UUID in the order of its text (RFC 9562, section 4). -EINVAL, and ret untouched,
 * if text is no UUID. */
int uuid_to_bytes(const char *text, uint8_t ret[UUID_BYTES]) WARN_UNUSED;
