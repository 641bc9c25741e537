/* SPDX-License-Identifier: MIT */
/*
 * retry — when a failed transfer is retried, and which HTTP statuses are transient.
 *
 * Pure: the clock, the jitter and Retry-After are parameters. Which errors of libcurl are transient
 * is decided in curl_transfer.
 *
 * Tested by: tests/unit/test_retry.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
	unsigned attempts;  /* in a row without progress, the first one included */
	int64_t first_ms;   /* delay after the first failure; doubled after each further one */
	int64_t longest_ms; /* upper bound of the doubled delay */
	int64_t longest_retry_after_ms; /* upper bound of a server's Retry-After */
};

/* 8 attempts: bridges an outage of a minute. */
extern const struct retry_policy retry_policy_default;

/* The delay after this many failures in a row (at least 1); -1 to give up. retry_after_ms is the
 * server's Retry-After, -1 if none. The lower half of a delay is fixed, the upper half is jitter
 * (any number), so that machines that failed together do not retry together. */
int64_t retry_delay_ms(const struct retry_policy *policy, unsigned failures, int64_t retry_after_ms,
	uint32_t jitter);

/* Whether an HTTP status is transient (RFC 9110, section 15; RFC 6585, section 4). */
bool retry_status(long status);
