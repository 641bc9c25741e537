/* SPDX-License-Identifier: MIT */
/*
 * protocol — the lines of the verdict protocol, version 1, as text.
 *
 * Pure. Every line is made here and nowhere else; what comes from outside (file names, output of
 * children, key comments) goes through protocol_sanitize first, so that no foreign text can pass
 * for a line of ours.
 */
#pragma once

#include <stddef.h>

#include "error.h"

#define PROTOCOL_LINE_BYTES 1536

/* In the order of an install. */
enum stage {
	STAGE_START,
	STAGE_DISKS,
	STAGE_CONFIGURATION,
	STAGE_KEYS,
	STAGE_CLOSURE,
	STAGE_TARGET,
	STAGE_PLAN,
	STAGE_PARTITION,
	STAGE_FORMAT,
	STAGE_MOUNT,
	STAGE_COPY,
	STAGE_DATABASE,
	STAGE_ACTIVATION,
	STAGE_BOOT_LOADER,
	STAGE_VERIFY,
	STAGE_COUNT,
};

const char *stage_name(enum stage stage);

/* The exit code of an error in this stage that has none of its own. */
enum exit_code stage_exit_code(enum stage stage);

/* Percent of the whole install when so many permille of this stage are done. */
unsigned stage_percent(enum stage stage, unsigned permille);

/* Each writes one line with its newline, at most PROTOCOL_LINE_BYTES with the NUL, control
 * characters replaced by '?', and returns its length. */
size_t protocol_progress(
	char ret[PROTOCOL_LINE_BYTES], enum stage stage, unsigned percent, const char *text);
size_t protocol_result(char ret[PROTOCOL_LINE_BYTES], const char *key, const char *value);
size_t protocol_failed(
	char ret[PROTOCOL_LINE_BYTES], int code, enum stage stage, const char *sentence);
size_t protocol_successful(char ret[PROTOCOL_LINE_BYTES]);

/* Breaks up the words of the protocol in place: every "INSTALL_" (any case) becomes "INSTALL-",
 * control characters but tab become '?'. */
void protocol_sanitize(char *text);
