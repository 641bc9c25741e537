/* SPDX-License-Identifier: MIT */
/*
 * buildlog — what Nix says while it builds: how much is done, and why it failed.
 *
 * Pure. It reads the lines that nix-build, nix build and nix-env write for people (Nix,
 * src/libmain/shared.cc, printMissing; src/libstore/build, "building" and "copying path"), which
 * are no interface: where they change, progress stands still and the last lines are the reason.
 */
#pragma once

#include <stddef.h>

#define BUILDLOG_TEXT_BYTES 600
#define BUILDLOG_LAST_LINES 3

struct buildlog {
	size_t announced; /* store paths to be built or fetched */
	size_t begun;
	char reason[BUILDLOG_TEXT_BYTES]; /* the first error; empty: none so far */
	unsigned follows; /* how many lines after the error's may still belong to it */
	char last[BUILDLOG_LAST_LINES][BUILDLOG_TEXT_BYTES / BUILDLOG_LAST_LINES];
};

/* Takes one line of output, without its newline. */
void buildlog_take(struct buildlog *log, const char *line);

/* Part of the announced paths that was begun, 0 to 1000; 0 while none is announced. */
unsigned buildlog_permille(const struct buildlog *log);

/* Why it failed: the first error with what belongs to it, else the last lines. Empty if nothing
 * was said. */
void buildlog_reason(const struct buildlog *log, char ret[BUILDLOG_TEXT_BYTES]);
