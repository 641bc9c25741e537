/* SPDX-License-Identifier: MIT */
/*
 * supervise — the parent process of an install: reaps children, enforces the deadline, prints the
 * verdict and, as PID 1, ends the machine.
 *
 * The install runs in a child. So a crash, a signal or a lack of memory in the install cannot
 * prevent the verdict. What the child does is decided by the caller.
 *
 * Tested by: tests/unit/test_supervise.c.
 */
#pragma once

#include "verdict/shared_state.h"

/* Runs prepare (may be NULL) in this process, then work in a child. Waits until the child ends, the
 * deadline passes (shared->timeout_s seconds) or SIGTERM, SIGINT or SIGHUP arrives. Kills what is
 * left, sends the report and prints the verdict in each of these cases. Returns the exit code. */
int supervise(int (*prepare)(struct error *err),
	int (*work)(struct shared_state *shared, void *userdata), void *userdata,
	struct shared_state *shared);

/* Ends the machine as on-success or on-failure says for this exit code. Only for PID 1. With kexec
 * the loaded kernel starts; if none is loaded, the machine reboots. */
_Noreturn void supervise_end_machine(const struct shared_state *shared, int code);
