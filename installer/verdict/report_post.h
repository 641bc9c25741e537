/* SPDX-License-Identifier: MIT */
/*
 * report_post — the verdict, with all results, sent to report-url by POST (protocol_report says as
 * what).
 *
 * The parent sends it just before it speaks the verdict, from a process of its own that it leaves
 * behind after a deadline: so a child that died is reported, too, and neither a server that hangs
 * nor a fault in the client can keep the verdict back or change it. A verdict from before the
 * configuration was read has nobody to report to.
 */
#pragma once

#include "verdict/shared_state.h"

/* Called by the child: from now on the verdict is sent as this configuration says. */
void report_post_prepare(
	struct shared_state *shared, const char *url, const struct fetch_settings *settings);

/* Sends the verdict, within REPORT_DEADLINE_S; INSTALL_RESULT report says what came of it. Says and
 * does nothing if no report was prepared. */
#define REPORT_DEADLINE_S 30
void report_post_send(struct shared_state *shared);
