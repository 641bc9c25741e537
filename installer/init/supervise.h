/* SPDX-License-Identifier: MIT */
/*
 * supervise — the parent of an install: it reaps, holds the deadline, speaks the verdict and, as
 * PID 1, ends the machine.
 *
 * The install itself runs in a child, so that no crash, signal or shortage of memory there can
 * keep the verdict from being spoken.
 */
#pragma once

#include "verdict/shared_state.h"

/* Runs prepare, if there is one, here; then work in a child, and waits for it to its end or the
 * deadline (shared->timeout_s seconds after start); then prints the verdict, whatever failed.
 * Returns the exit code. */
int supervise(int (*prepare)(struct error *err),
	int (*work)(struct shared_state *shared, void *userdata), void *userdata,
	struct shared_state *shared);

/* Ends the machine as configuration says for this exit code; never returns. Only for PID 1. */
_Noreturn void supervise_end_machine(const struct shared_state *shared, int code);
