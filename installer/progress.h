/* SPDX-License-Identifier: MIT */
/*
 * progress — where the install is, told on the consoles and to the parent, and how long it took.
 */
#pragma once

#include "error.h"
#include "outcome.h"
#include "protocol.h"

/* Ends the stage before, begins this one and says so. */
void progress_begin(struct outcome *outcome, enum stage stage, const char *text);

/* So many permille of the stage are done. */
void progress_say(struct outcome *outcome, unsigned permille, const char *text);

/* Ends the last stage: everything is done. */
void progress_end(struct outcome *outcome);

/* One INSTALL_RESULT line. */
void progress_result(const char *key, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* An INSTALL_RESULT line for every stage that took time. */
void progress_tell_seconds(void);
