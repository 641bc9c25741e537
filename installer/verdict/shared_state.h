/* SPDX-License-Identifier: MIT */
/*
 * shared_state — memory that the installing child shares with the supervising parent.
 *
 * The child writes its stage, its results and its error. The parent reads them after the child has
 * ended. So the verdict names the stage even if the child was killed in the middle of it.
 *
 * Tested by: tests/unit/test_supervise.c, tests/unit/test_progress.c.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "net/settings.h"
#include "verdict/ending.h"
#include "verdict/protocol.h"

#define RESULTS_MAX 64

struct shared_state {
	_Atomic enum stage stage;
	_Atomic unsigned timeout_s;
	_Atomic enum ending on_success;
	_Atomic enum ending on_failure;
	_Atomic bool finished; /* error is complete: its code is 0 for success */
	struct error error;
	_Atomic bool report_wanted; /* report_target is complete */
	struct report_target report_target;
	_Atomic size_t result_count;
	struct result results[RESULTS_MAX]; /* reported so far */
};

/* Maps memory that survives fork, with the default timeout and endings. Without memory it prints a
 * verdict and ends the program. */
struct shared_state *shared_state_new(void);

/* Keeps a result for the report; more than RESULTS_MAX are dropped. */
void shared_state_add_result(struct shared_state *shared, const struct result *result);

/* Completes the error of the child's work, whose result is r, and leaves it to the parent: its code
 * is that of the stage if it has none, and 0 for success. Returns the code. */
int shared_state_finish(struct shared_state *shared, int r, struct error *err);

/* The verdict. Its text lives in shared. */
struct event shared_state_verdict(const struct shared_state *shared);
