/* SPDX-License-Identifier: MIT */
/*
 * process — runs programs to their end and relays their output to the log. Processes that a program
 * leaves running are killed with it.
 *
 * Tested by: tests/unit/test_process.c.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct process {
	const char *const *argv; /* argv[0] is the program's path, inside root if there is one */
	const char *const
		*environment; /* the whole environment, NULL-terminated; NULL for a small default */
	const char *root;     /* chroot there first, or NULL */
	const char *input;    /* text for standard input, or NULL */
	int output_fd;	      /* > 0: standard output goes there instead of the log */
	bool apart; /* without a root: run it in new PID and mount namespaces with their own /proc,
		     * so that its descendants are killed with it */
	bool quiet; /* the output is not logged; the sentence of a failure still has its last line */
	void (*watch)(const char *line, void *userdata); /* sees every line of output; or NULL */
	void *userdata;
};

/* Finds a program in folders, which are separated by colons as in PATH. -ENOENT. */
int process_find(const char *name, const char *folders, char *ret, size_t ret_bytes) WARN_UNUSED;

/* Finds a program of the host: in PATH, or in the usual folders if that is not set; then in the
 * folders for root's programs, which an ordinary user's PATH lacks. -ENOENT. */
int process_find_program(const char *name, char *ret, size_t ret_bytes) WARN_UNUSED;

/* Runs it to its end. Standard output and error go line by line, sanitised, to the log with the
 * program's base name before them. Returns 0 if it exited with 0; else -EIO, the sentence naming
 * program, exit status or signal, and its last line of output that gives a reason (the frames of a
 * Python traceback give none). -ENOEXEC if it could not be
 * executed at all. */
int process_run(const struct process *child, struct error *err) WARN_UNUSED;
