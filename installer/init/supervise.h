/* SPDX-License-Identifier: MIT */
/*
 * supervise — the parent of an install: it reaps, holds the deadline, speaks the verdict and, as
 * PID 1, ends the machine.
 *
 * The install itself runs in a child, so that no crash, signal or shortage of memory there can
 * keep the verdict from being spoken.
 */
#pragma once

#include "verdict/outcome.h"

/* Runs prepare, if there is one, here; then work in a child, and waits for it to its end or the
 * deadline (outcome->timeout_s seconds after start); then prints the verdict, whatever failed.
 * Returns the exit code. */
int supervise(int (*prepare)(struct error *err),
	int (*work)(struct outcome *outcome, void *userdata), void *userdata,
	struct outcome *outcome);

/* Ends the machine as configuration says for this exit code; never returns. Only for PID 1. */
_Noreturn void supervise_end_machine(const struct outcome *outcome, int code);
