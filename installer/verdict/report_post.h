/* SPDX-License-Identifier: MIT */
/*
 * report_post — sends the verdict and all results to report-url by POST (protocol_report).
 *
 * The parent sends the report just before it prints the verdict, in a separate process with a
 * deadline. So the death of the installing child is reported too, and neither a server that hangs
 * nor a crash of the client delays or changes the verdict. Nothing is sent for a failure before the
 * configuration was read.
 *
 * Tested by: tests/net/report.sh.
 */
#pragma once

#include "verdict/shared_state.h"

/* Called by the child: stores where and how the parent sends the report. Does nothing without a
 * URL. */
void report_post_prepare(struct shared_state *shared, const struct report_target *target);

/* Sends the report within REPORT_DEADLINE_S and reports the result "report": sent or failed. Does
 * nothing if no report was prepared. */
#define REPORT_DEADLINE_S 30
void report_post_send(struct shared_state *shared);
