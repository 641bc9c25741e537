/* SPDX-License-Identifier: MIT */
/*
 * progress — reports the stage of the install and its results on every channel and to the parent,
 * and measures how long each stage takes.
 *
 * It does not decide what is reported. Not thread-safe: the installing thread calls it.
 *
 * Tested by: tests/unit/test_progress.c.
 */
#pragma once

#include "base/error.h"
#include "verdict/protocol.h"
#include "verdict/shared_state.h"

/* Ends the previous stage, begins this one and reports it, also to report-url. */
void progress_begin(struct shared_state *shared, enum stage stage, const char *text);

/* Reports that so many permille of the stage are done. */
void progress_report(struct shared_state *shared, unsigned permille, const char *text);

/* The same, counted in bytes; consoles print MiB. shared is a struct shared_state, as a callback of
 * copy_closure has it. */
void progress_bytes(uint64_t done_bytes, uint64_t total_bytes, void *shared);

/* Ends the last stage and reports 100 percent, also to report-url. */
void progress_end(struct shared_state *shared);

/* Reports one fact to the host now, and keeps it for the report. */
void progress_result(struct shared_state *shared, const char *key, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Reports the seconds of every stage that took time, as results. */
void progress_report_seconds(struct shared_state *shared);
