/* SPDX-License-Identifier: MIT */
/*
 * progress — where the install is, told on every channel and to the parent, and how long it took.
 */
#pragma once

#include "base/error.h"
#include "verdict/protocol.h"
#include "verdict/shared_state.h"

/* Ends the stage before, begins this one and says so. */
void progress_begin(struct shared_state *shared, enum stage stage, const char *text);

/* So many permille of the stage are done. */
void progress_say(struct shared_state *shared, unsigned permille, const char *text);

/* So many bytes of the stage's are done: said in MiB on consoles. */
void progress_bytes(struct shared_state *shared, uint64_t done_bytes, uint64_t total_bytes);

/* Ends the last stage: everything is done. */
void progress_end(struct shared_state *shared);

/* One fact for the host, told now and kept for the report. */
void progress_result(struct shared_state *shared, const char *key, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* The same for every stage that took time. */
void progress_tell_seconds(struct shared_state *shared);
