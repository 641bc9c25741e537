/* SPDX-License-Identifier: MIT */
/*
 * log — collects log lines in memory, passes them to a sink, and saves them to a file.
 *
 * Each line begins with the seconds since boot. Lines are sanitised, so that on a console they
 * cannot look like lines of the protocol. Where the lines are shown is decided by the sink.
 * Thread-safe.
 *
 * Tested by: tests/unit/test_log.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* Receives each line; NULL: none. One thread at a time calls it. */
typedef void log_sink_fn(const char *line, size_t size_bytes);
void log_set_sink(log_sink_fn *new_sink);

/* Adds a line, without a final newline. */
void log_line(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Writes the log to a file (0600, owned by the caller): the first MiB, and how many lines are
 * missing. */
int log_save(const char *path, struct error *err) WARN_UNUSED;
