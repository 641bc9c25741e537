/* SPDX-License-Identifier: MIT */
#include "verdict/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "verdict/channels.h"
#include "verdict/report_events.h"

static double stage_seconds[STAGE_COUNT];

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Adds the time since the previous call to the current stage. */
static void account(const struct shared_state *shared)
{
	static double since;
	double now = now_s();

	if (since > 0)
		stage_seconds[shared->stage] += now - since;
	since = now;
}

/* to_url: this event is posted, too. */
static void report_progress(
	const struct shared_state *shared, unsigned permille, const struct event *done, bool to_url)
{
	static unsigned most;
	struct event event = *done;

	event.type = EVENT_PROGRESS;
	event.stage = shared->stage;
	event.percent = stage_percent(event.stage, permille);
	/* The percentage never decreases, though one engine mounts before it copies and the other
	 * after. */
	if (event.percent < most)
		event.percent = most;
	most = event.percent;
	channels_report(&event);
	if (to_url)
		report_events_add(&event);
}

void progress_report(struct shared_state *shared, unsigned permille, const char *text)
{
	report_progress(shared, permille, &(const struct event){ .text = text }, false);
}

void progress_bytes(uint64_t done_bytes, uint64_t total_bytes, void *shared)
{
	char text[64];
	const struct event done = { .text = text, .bytes = done_bytes, .total_bytes = total_bytes };

	snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 " MiB", done_bytes >> 20,
		total_bytes >> 20);
	report_progress(shared, total_bytes ? (unsigned)(done_bytes * 1000 / total_bytes) : 1000,
		&done, false);
}

void progress_begin(struct shared_state *shared, enum stage stage, const char *text)
{
	account(shared);
	shared->stage = stage;
	report_progress(shared, 0, &(const struct event){ .text = text }, true);
}

void progress_end(struct shared_state *shared)
{
	account(shared);
	report_progress(shared, 1000, &(const struct event){ .text = "done" }, true);
}

void progress_result(struct shared_state *shared, const char *key, const char *fmt, ...)
{
	struct result result;
	const struct event event = { .type = EVENT_RESULT, .result = &result };
	va_list args;

	snprintf(result.key, sizeof(result.key), "%s", key);
	va_start(args, fmt);
	vsnprintf(result.value, sizeof(result.value), fmt, args);
	va_end(args);
	shared_state_add_result(shared, &result);
	channels_report(&event);
}

void progress_report_seconds(struct shared_state *shared)
{
	for (size_t i = 0; i < STAGE_COUNT; i++)
		if (stage_seconds[i] > 0)
			progress_result(shared, "seconds", "%s %.2f", stage_name((enum stage)i),
				stage_seconds[i]);
}
