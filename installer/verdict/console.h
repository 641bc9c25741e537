/* SPDX-License-Identifier: MIT */
/*
 * console — writes lines to every active console as PID 1, to standard output otherwise.
 *
 * No call hangs: a console that accepts no bytes is skipped after a deadline (line_writer.h). What
 * a line says is decided by protocol.
 *
 * Tested by: tests/unit/test_console.c, tests/unit/test_progress.c, tests/qemu/consoles.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Opens every console of /sys/class/tty/console/active (Linux Documentation/ABI) and the first
 * paravirtual terminal, hvc0; also the first serial port if the kernel's command line names no
 * console. Those that cannot be opened are left out. Without this call, lines go to standard
 * output. A further call opens the consoles that have appeared since, and writes the first lines to
 * them: the driver of hvc0 may be a module. */
void console_open_all(void);

/* Makes writes to standard output non-blocking if it is a pipe or a terminal. */
void console_open_standard(void);

/* Writes a whole line to each console, in one write if it fits. must_deliver is for verdicts
 * (line_writer.h). Thread-safe. */
void console_write(const char *line, size_t size_bytes, bool must_deliver);

/* Waits until the output queues are empty, at most a few seconds. */
void console_drain(void);

/* Discards all further lines: for commands that print something else. */
void console_silence(void);
