/* SPDX-License-Identifier: MIT */
/*
 * build_log — parses the output of a Nix build: progress, and the reason of a failure.
 *
 * Pure. It reads the lines that nix-build, nix build and nix-env write for people (Nix,
 * src/libmain/shared.cc, printMissing; src/libstore/build, "building" and "copying path"). They are
 * no stable interface: if they change, progress stops and the last lines become the reason.
 *
 * Tested by: tests/unit/test_build_log.c, tests/fuzz/build_log.c.
 */
#pragma once

#include <stddef.h>

#define BUILD_LOG_TEXT_BYTES 600
#define BUILD_LOG_LAST_LINES 3

struct build_log {
	size_t announced; /* store paths to be built or fetched */
	size_t begun;
	char reason[BUILD_LOG_TEXT_BYTES]; /* the first error; empty: none so far */
	unsigned follows; /* how many of the following lines may still belong to the error */
	char last[BUILD_LOG_LAST_LINES][BUILD_LOG_TEXT_BYTES / BUILD_LOG_LAST_LINES];
};

/* Takes one line of output, without its newline. */
void build_log_take(struct build_log *log, const char *line);

/* Share of the announced paths that was begun, in per mille; 0 before any is announced. */
unsigned build_log_permille(const struct build_log *log);

/* The reason of a failure: the first error with its lines, else the last lines. Empty if there
 * was no output. */
void build_log_reason(const struct build_log *log, char ret[BUILD_LOG_TEXT_BYTES]);
