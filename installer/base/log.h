/* SPDX-License-Identifier: MIT */
/*
 * log — everything that is worth reading after an install, kept in a file in memory or on disk.
 *
 * One line a call, with seconds since start before it; sanitised, so that it can be shown on a
 * console without being taken for a line of the protocol. Safe to call from any thread.
 */
#pragma once

#include "base/error.h"

void log_line(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Writes the log so far to a file (0600) on the target: the first MiB, and how much there was
 * besides. */
int log_save(const char *path, struct error *err) WARN_UNUSED;
