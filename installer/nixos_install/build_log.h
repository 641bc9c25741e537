/* SPDX-License-Identifier: MIT */
/*
 * build_log — what Nix says while it builds: how much is done, and why it failed.
 *
 * Pure. It reads the lines that nix-build, nix build and nix-env write for people (Nix,
 * src/libmain/shared.cc, printMissing; src/libstore/build, "building" and "copying path"), which
 * are no interface: where they change, progress stands still and the last lines are the reason.
 */
#pragma once

#include <stddef.h>

#define BUILD_LOG_TEXT_BYTES 600
#define BUILD_LOG_LAST_LINES 3

struct build_log {
	size_t announced; /* store paths to be built or fetched */
	size_t begun;
	char reason[BUILD_LOG_TEXT_BYTES]; /* the first error; empty: none so far */
	unsigned follows; /* how many lines after the error's may still belong to it */
	char last[BUILD_LOG_LAST_LINES][BUILD_LOG_TEXT_BYTES / BUILD_LOG_LAST_LINES];
};

/* Takes one line of output, without its newline. */
void build_log_take(struct build_log *log, const char *line);

/* Part of the announced paths that was begun, 0 to 1000; 0 while none is announced. */
unsigned build_log_permille(const struct build_log *log);

/* Why it failed: the first error with what belongs to it, else the last lines. Empty if nothing
 * was said. */
void build_log_reason(const struct build_log *log, char ret[BUILD_LOG_TEXT_BYTES]);
