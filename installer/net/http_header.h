/* SPDX-License-Identifier: MIT */
/*
 * http_header — the values of HTTP header fields that a fetch decides by.
 *
 * Pure. They come from servers and are wrong until they are right (RFC 9110).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

/* "bytes FIRST-LAST/TOTAL" (RFC 9110, section 14.4). */
struct content_range {
	int64_t first_byte;
	int64_t last_byte;   /* at least first_byte */
	int64_t total_bytes; /* more than last_byte; -1 for "*" */
};

/* 0, or -EINVAL. */
int http_header_content_range(const char *value, struct content_range *ret) WARN_UNUSED;

/* Retry-After (RFC 9110, section 10.2.3): seconds, or a date in the preferred form, which now is
 * subtracted from. Milliseconds from 0 to a year's, -1 if it is neither. */
int64_t http_header_retry_after_ms(const char *value, time_t now);

/* Whether an ETag may be used in If-Range: it is quoted and not weak (RFC 9110, 8.8.3, 13.1.5). */
bool http_header_is_strong_etag(const char *value);
