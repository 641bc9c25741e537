/* SPDX-License-Identifier: MIT */
/*
 * shared_state — what the installing child tells the supervising parent, in shared memory.
 *
 * The child writes where it is and how it ended; the parent reads it after the child is gone, so
 * that a child that died in the middle of a stage still has its stage named.
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
	_Atomic bool reported; /* report is complete: the verdict is sent as it says */
	char report_url[SETTINGS_TEXT_BYTES];
	struct fetch_settings report;
	_Atomic size_t result_count;
	struct result results[RESULTS_MAX]; /* what was told of the guest so far */
};

/* Mapped for both processes, with the defaults of configuration. */
struct shared_state *shared_state_new(void);

/* Keeps a result; one too many is only told. */
void shared_state_add_result(struct shared_state *shared, const struct result *result);

/* The verdict. Its text lives in shared. */
struct event shared_state_verdict(const struct shared_state *shared);
