/* SPDX-License-Identifier: MIT */
#include "verdict/shared_state.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "verdict/console.h"

/* The verdict of a program that has no memory to keep one. */
static _Noreturn void end_without_memory(void)
{
	static const struct event failed = {
		.type = EVENT_FAILED,
		.stage = STAGE_START,
		.code = EXIT_TOO_SMALL,
		.text = "There is no memory for the state of an install: give the machine more of it."
	};
	char line[PROTOCOL_LINE_BYTES];

	console_write(line, protocol_line(line, &failed), true);
	exit(EXIT_TOO_SMALL);
}

struct shared_state *shared_state_new(void)
{
	struct shared_state *shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		end_without_memory();
	shared->timeout_s = INSTALL_TIMEOUT_S;
	shared->on_success = ENDING_POWEROFF;
	shared->on_failure = ENDING_POWEROFF;
	return shared;
}

/* The count is incremented last: the parent finds that many complete results. */
void shared_state_add_result(struct shared_state *shared, const struct result *result)
{
	if (shared->result_count == RESULTS_MAX)
		return;
	shared->results[shared->result_count] = *result;
	shared->result_count++;
}

int shared_state_finish(struct shared_state *shared, int r, struct error *err)
{
	if (r < 0 && err->code == 0)
		err->code = stage_exit_code(shared->stage);
	if (r == 0)
		err->code = EXIT_INSTALLED;
	shared->error = *err;
	shared->finished = true;
	return err->code;
}

struct event shared_state_verdict(const struct shared_state *shared)
{
	if (shared->error.code == EXIT_INSTALLED)
		return (struct event){ .type = EVENT_SUCCESSFUL };
	return (struct event){ .type = EVENT_FAILED,
		.code = shared->error.code,
		.stage = shared->stage,
		.text = shared->error.text };
}
