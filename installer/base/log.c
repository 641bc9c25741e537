/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define LOG_MAX_BYTES  (1024 * 1024) /* what is kept; later lines still reach the console */
#define LOG_LINE_BYTES 1024
#define LOG_NOTE_BYTES 64 /* of the maximum, for the number of missing lines */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *kept;
static size_t kept_bytes;
static size_t lost_lines;
static log_sink_fn *sink;

void log_set_sink(log_sink_fn *new_sink)
{
	sink = new_sink;
}

static void keep_line(const char *line, size_t size_bytes)
{
	if (lost_lines > 0 || kept_bytes + size_bytes > LOG_MAX_BYTES - LOG_NOTE_BYTES) {
		lost_lines++;
		return;
	}
	kept = must_realloc(kept, kept_bytes + size_bytes, 1);
	memcpy(kept + kept_bytes, line, size_bytes);
	kept_bytes += size_bytes;
}

void log_line(const char *fmt, ...)
{
	char text[LOG_LINE_BYTES], line[LOG_LINE_BYTES + 64];
	struct timespec now;
	va_list args;
	int n;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	text_sanitize(text);
	clock_gettime(CLOCK_MONOTONIC, &now);
	n = snprintf(line, sizeof(line), "[%5lld.%03ld] %s\n", (long long)now.tv_sec,
		now.tv_nsec / 1000000, text);
	pthread_mutex_lock(&lock);
	keep_line(line, (size_t)n);
	if (sink)
		sink(line, (size_t)n);
	pthread_mutex_unlock(&lock);
}

/* Adds the number of missing lines at the end. */
static void note_loss(void)
{
	if (lost_lines == 0)
		return;
	kept = must_realloc(kept, kept_bytes + LOG_NOTE_BYTES, 1);
	kept_bytes += (size_t)snprintf(
		kept + kept_bytes, LOG_NOTE_BYTES, "(%zu more lines were not kept)\n", lost_lines);
	lost_lines = 0;
}

int log_save(const char *path, struct error *err)
{
	int r;

	pthread_mutex_lock(&lock);
	note_loss();
	r = file_write(path, kept ? kept : "", kept_bytes, 0600, geteuid(), getegid(), err);
	pthread_mutex_unlock(&lock);
	return r;
}
