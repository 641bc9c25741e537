/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "console.h"

static double stage_seconds[STAGE_COUNT];

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Adds the time since the last call to the stage that we are in. */
static void account(const struct outcome *outcome)
{
	static double since;
	double now = now_s();

	if (since > 0)
		stage_seconds[outcome->stage] += now - since;
	since = now;
}

void progress_say(struct outcome *outcome, unsigned permille, const char *text)
{
	char line[PROTOCOL_LINE_BYTES];
	enum stage stage = outcome->stage;

	console_write(line, protocol_progress(line, stage, stage_percent(stage, permille), text));
}

void progress_begin(struct outcome *outcome, enum stage stage, const char *text)
{
	account(outcome);
	outcome->stage = stage;
	progress_say(outcome, 0, text);
}

void progress_end(struct outcome *outcome)
{
	account(outcome);
	progress_say(outcome, 1000, "done");
}

void progress_result(const char *key, const char *fmt, ...)
{
	char line[PROTOCOL_LINE_BYTES], value[PROTOCOL_LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	console_write(line, protocol_result(line, key, value));
}

void progress_tell_seconds(void)
{
	for (size_t i = 0; i < STAGE_COUNT; i++)
		if (stage_seconds[i] > 0)
			progress_result(
				"seconds", "%s %.2f", stage_name((enum stage)i), stage_seconds[i]);
}
