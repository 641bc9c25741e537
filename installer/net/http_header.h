/* SPDX-License-Identifier: MIT */
/*
 * http_header — parses the HTTP header fields that resuming depends on.
 *
 * Pure. Input is untrusted: anything not exactly as in RFC 9110 is rejected.
 *
 * Tested by: tests/unit/test_http_header.c, tests/fuzz/http_header.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* "bytes FIRST-LAST/TOTAL" (RFC 9110, section 14.4). */
struct content_range {
	int64_t first_byte;
	int64_t last_byte;   /* at least first_byte */
	int64_t total_bytes; /* more than last_byte; -1 for "*" */
};

/* 0, or -EINVAL. */
int http_header_content_range(const char *value, struct content_range *ret) WARN_UNUSED;

/* The length in a Content-Range with "*" for the part, which an answer 416 has (RFC 9110, 15.5.17).
 * -EINVAL if the value has another form. */
int http_header_whole_length(const char *value, int64_t *ret_total) WARN_UNUSED;

/* Whether an ETag may be used in If-Range: it is quoted and not weak (RFC 9110, 8.8.3, 13.1.5). */
bool http_header_is_strong_etag(const char *value);
