/* SPDX-License-Identifier: MIT */
/*
 * protocol — the verdict protocol, version 1, as text.
 *
 * Pure. Each event has two forms, a line for consoles and JSON for programs. Only this module makes
 * them. The manual page guest-installer-protocol(7) describes them. Untrusted text (file names,
 * output of children, key comments) goes through text_sanitize, so that it cannot look like a line
 * of the protocol. Writing to channels is not done here.
 *
 * Tested by: tests/unit/test_protocol.c, tests/build/manual.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define PROTOCOL_VERSION    1
#define PROTOCOL_LINE_BYTES 2560 /* with room for the longest command line of a kernel, 2,047 */

/* In the order of an install. */
enum stage {
	STAGE_START,
	STAGE_DISKS,
	STAGE_CONFIGURATION,
	STAGE_NETWORK,
	STAGE_KEYS,
	STAGE_CLOSURE,
	STAGE_TARGET,
	STAGE_PLAN,
	STAGE_PARTITION,
	STAGE_FORMAT,
	STAGE_MOUNT, /* of a closure: after its copy */
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

enum event_type {
	EVENT_HELLO, /* only on the port: the first line, with the versions of protocol and program */
	EVENT_STARTED,	  /* only to report-url: the same, when the configuration has been read */
	EVENT_PROGRESS,	  /* stage, percent, text; bytes if the stage is counted in bytes */
	EVENT_RESULT,	  /* result */
	EVENT_FAILED,	  /* code, stage, text */
	EVENT_SUCCESSFUL, /* nothing more */
};

/* A fact about the installed guest, for the host. */
struct result {
	char key[32];
	char value[PROTOCOL_LINE_BYTES];
};

struct event {
	enum event_type type;
	enum stage stage;
	const char *text;
	unsigned percent;     /* of the whole install */
	uint64_t bytes;	      /* done of total_bytes */
	uint64_t total_bytes; /* 0: this is not counted in bytes */
	const struct result *result;
	int code; /* the exit code of EVENT_FAILED */
};

/* Writes the event's line with its newline, at most PROTOCOL_LINE_BYTES with the NUL, control
 * characters replaced by '?', and returns its length; 0 for events that have no line. */
size_t protocol_line(char ret[PROTOCOL_LINE_BYTES], const struct event *event);

/* The event as a JSON object on one line with a newline at its end; from malloc.
 * share/events.schema.json describes it. */
char *protocol_json(const struct event *event);

/* The same as it is sent to report-url: with the version of the protocol, because each report
 * stands alone. */
char *protocol_report_event(const struct event *event);

/* The last report: the verdict (EVENT_FAILED or EVENT_SUCCESSFUL) with all results. */
char *protocol_report(const struct event *verdict, const struct result *results, size_t count);
