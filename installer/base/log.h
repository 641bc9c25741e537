/* SPDX-License-Identifier: MIT */
/*
 * log — everything that is worth reading after an install, kept in a file in memory or on disk.
 *
 * One line a call, with seconds since start before it; sanitised, so that it can be shown on a
 * console without being taken for a line of the protocol. Safe to call from any thread.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* Where each line goes besides; NULL: nowhere. It is called by one thread at a time. */
typedef void log_sink_fn(const char *line, size_t size_bytes);
void log_set_sink(log_sink_fn *new_sink);

void log_line(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Writes the log so far to a file (0600) on the target: the first MiB, and how much there was
 * besides. */
int log_save(const char *path, struct error *err) WARN_UNUSED;
