/* SPDX-License-Identifier: MIT */
/*
 * report_events — posts the start of the install and the begin of each stage to report-url, while
 * the install runs.
 *
 * A separate process sends them, one after the other. The install writes them to a pipe and never
 * waits: what does not fit is dropped. So neither a slow server nor a crash of the client delays
 * the install. report_post sends the verdict. Not thread-safe: the installing thread calls it.
 *
 * Tested by: tests/net/report.sh.
 */
#pragma once

#include "net/settings.h"
#include "verdict/protocol.h"

/* Starts the process and posts EVENT_STARTED. Nothing is sent without a URL. */
void report_events_begin(const struct report_target *target);

/* Has an event posted. Does nothing before report_events_begin. */
void report_events_add(const struct event *event);

/* Waits until all events are posted, at most REPORT_EVENTS_GRACE_MS. The supervising parent kills
 * the process then. */
#define REPORT_EVENTS_GRACE_MS 2000
void report_events_end(void);
