/* SPDX-License-Identifier: MIT */
/*
 * retry — when a failed transfer is tried again, and when that is of no use.
 *
 * Pure: the time, the dice and the server's wish are handed in. Which failures of libcurl can pass
 * is decided beside it, in transfer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
	unsigned attempts;  /* in a row without a byte of progress, the first one among them */
	int64_t first_ms;   /* to wait after the first failure; doubled after each further one */
	int64_t longest_ms; /* that we wait of our own accord */
	int64_t longest_asked_ms; /* that a server's Retry-After makes us wait */
};

/* 8 attempts: a server that is back within a minute is waited for. */
extern const struct retry_policy retry_policy_default;

/* How long to wait after so many failures in a row (at least 1); -1 to give up. asked_ms is what
 * the server asks for, -1 if nothing. The lower half of a wait is fixed, the upper half comes from
 * dice, any number: machines that failed together do not come back together. */
int64_t retry_delay_ms(
	const struct retry_policy *policy, unsigned failures, int64_t asked_ms, uint32_t dice);

/* Whether the cause of an HTTP status can pass (RFC 9110, section 15; RFC 6585, section 4). */
bool retry_status(long status);
