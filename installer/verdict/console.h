/* SPDX-License-Identifier: MIT */
/*
 * console — where lines go: every active console as PID 1, standard output otherwise.
 *
 * A console that does not take its bytes is given up after a deadline: nothing here can hang.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Opens every console of /sys/class/tty/console/active (Linux Documentation/ABI). Those that can
 * not be opened are left out. Without a call, lines go to standard output. */
void console_open_all(void);

/* Has lines to standard output wait for nobody, where it is a pipe or a terminal. */
void console_open_standard(void);

/* Writes a whole line to each, in one go where the console takes it; a verdict insists (line_writer.h).
 * Thread-safe. */
void console_write(const char *line, size_t size_bytes, bool insist);

/* Waits until everything written has left, or a few seconds have passed. */
void console_drain(void);

/* Lines go nowhere: for commands that print something else. */
void console_silence(void);
