/* SPDX-License-Identifier: MIT */
/*
 * outcome — what the installing child tells the supervising parent, in shared memory.
 *
 * The child writes where it is and how it ended; the parent reads it after the child is gone, so
 * that a child that died in the middle of a stage still has its stage named.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "protocol.h"

struct outcome {
	_Atomic enum stage stage;
	_Atomic unsigned timeout_s;
	_Atomic enum ending on_success;
	_Atomic enum ending on_failure;
	_Atomic bool finished; /* error is complete: its code is 0 for success */
	struct error error;
};

/* Mapped for both processes, with the defaults of configuration. */
struct outcome *outcome_new(void);
