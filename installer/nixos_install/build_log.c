/* SPDX-License-Identifier: MIT */
#include "nixos_install/build_log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define STORE	     "/nix/store/"
#define ERROR_FOLLOW 2 /* "at FILE:LINE", or the first lines of a builder's log */

/* Lines of a build's error that give no reason (Nix 2.31). */
static bool is_output(const char *line)
{
	return strcmp(line, "Output paths:") == 0 || text_starts_with(line, STORE);
}

/* "last 10 log lines:"; the reason is what follows. */
static bool is_log_heading(const char *line)
{
	return strstr(line, " log lines:") != NULL;
}

/* The first error with a text: Nix writes the trace under a bare "error:" before it. The lines that
 * belong to an error are indented. */
static void take_reason(struct build_log *log, const char *line, bool indented)
{
	if (log->reason[0] == '\0') {
		if (!text_starts_with(line, "error: "))
			return;
		snprintf(log->reason, sizeof(log->reason), "%s", line + strlen("error: "));
		log->follows = ERROR_FOLLOW;
	} else if (!indented) {
		log->follows = 0;
	} else if (log->follows > 0 && !is_output(line)) {
		log->follows -= !is_log_heading(line);
		text_append(log->reason, sizeof(log->reason), " %s", line);
	}
}

static void take_last(struct build_log *log, const char *line)
{
	memmove(log->last[0], log->last[1], sizeof(log->last) - sizeof(log->last[0]));
	snprintf(log->last[BUILD_LOG_LAST_LINES - 1], sizeof(log->last[0]), "%s", line);
}

void build_log_take(struct build_log *log, const char *line)
{
	const char *words = line + strspn(line, " \t");
	unsigned count;

	/* A list of paths that will be built or fetched, or a count of paths that will be copied. */
	if (text_starts_with(line, "  " STORE))
		log->announced++;
	if (sscanf(line, "copying %u paths", &count) == 1)
		log->announced += count;
	if (text_starts_with(line, "building '" STORE) ||
		text_starts_with(line, "copying path '" STORE)) {
		log->begun++;
		/* Nix continues, so the error was only one in a builder's log. */
		log->reason[0] = '\0';
	}
	if (*words) {
		take_reason(log, words, words > line);
		take_last(log, words);
	}
}

unsigned build_log_permille(const struct build_log *log)
{
	if (log->begun >= log->announced)
		return log->announced ? 1000 : 0;
	return (unsigned)(log->begun * 1000 / log->announced);
}

void build_log_reason(const struct build_log *log, char ret[BUILD_LOG_TEXT_BYTES])
{
	snprintf(ret, BUILD_LOG_TEXT_BYTES, "%s", log->reason);
	for (size_t i = 0; log->reason[0] == '\0' && i < BUILD_LOG_LAST_LINES; i++)
		if (log->last[i][0])
			text_append(ret, BUILD_LOG_TEXT_BYTES, "%s%s", ret[0] ? " | " : "",
				log->last[i]);
}
