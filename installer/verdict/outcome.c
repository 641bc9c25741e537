/* SPDX-License-Identifier: MIT */
#include "verdict/outcome.h"

#include <stdlib.h>
#include <sys/mman.h>

struct outcome *outcome_new(void)
{
	struct outcome *outcome = mmap(
		NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (outcome == MAP_FAILED)
		abort();
	outcome->timeout_s = INSTALL_TIMEOUT_S;
	outcome->on_success = ENDING_POWEROFF;
	outcome->on_failure = ENDING_POWEROFF;
	return outcome;
}

/* The count comes last: whoever reads it in the other process finds so many whole ones. */
void outcome_add_result(struct outcome *outcome, const struct result *result)
{
	if (outcome->result_count == OUTCOME_RESULTS_MAX)
		return;
	outcome->results[outcome->result_count] = *result;
	outcome->result_count++;
}

struct event outcome_verdict(const struct outcome *outcome)
{
	if (outcome->error.code == EXIT_INSTALLED)
		return (struct event){ .type = EVENT_SUCCESSFUL };
	return (struct event){ .type = EVENT_FAILED,
		.code = outcome->error.code,
		.stage = outcome->stage,
		.text = outcome->error.text };
}
