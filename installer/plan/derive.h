/* SPDX-License-Identifier: MIT */
/*
 * derive — the UUIDs of an install, all from one seed, so that the same seed gives the same bytes.
 *
 * Pure. A derived value is the start of SHA-256(seed as text, lower case || purpose). UUIDs made
 * so are of version 8 (RFC 9562, section 5.8).
 */
#pragma once

#include <stdint.h>

/* A UUID in lower case. */
void derive_uuid(const char *seed, const char *purpose, char ret[37]);

/* A number that is not 0. */
uint32_t derive_u32(const char *seed, const char *purpose);
