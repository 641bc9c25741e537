/* SPDX-License-Identifier: MIT */
#include "net/retry.h"

const struct retry_policy retry_policy_default = {
	.attempts = 8,
	.first_ms = 500,
	.longest_ms = 20 * 1000,
	.longest_retry_after_ms = 60 * 1000,
};

int64_t retry_delay_ms(const struct retry_policy *policy, unsigned failures, int64_t retry_after_ms,
	uint32_t jitter)
{
	int64_t delay_ms = policy->first_ms;

	if (failures >= policy->attempts)
		return -1;
	for (unsigned i = 1; i < failures && delay_ms < policy->longest_ms; i++)
		delay_ms *= 2;
	if (delay_ms > policy->longest_ms)
		delay_ms = policy->longest_ms;
	delay_ms = delay_ms / 2 + jitter % (delay_ms - delay_ms / 2 + 1);
	if (retry_after_ms > policy->longest_retry_after_ms)
		retry_after_ms = policy->longest_retry_after_ms;
	return retry_after_ms > delay_ms ? retry_after_ms : delay_ms;
}

bool retry_status(long status)
{
	switch (status) {
	case 408: /* Request Timeout */
	case 425: /* Too Early */
	case 429: /* Too Many Requests */
		return true;
	case 501: /* Not Implemented */
	case 505: /* HTTP Version Not Supported */
		return false;
	default:
		return status >= 500 && status <= 599;
	}
}
