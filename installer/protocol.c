/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Where each stage begins, in percent of the whole; a stage ends where the next one begins.
 * Measured in an emulated guest: most of the time goes into copying, then into the boot loader. */
static const struct {
	const char *name;
	enum exit_code code;
	unsigned percent;
} stages[STAGE_COUNT + 1] = {
	[STAGE_START] = { "start", EXIT_INTERNAL, 0 },
	[STAGE_DISKS] = { "disks", EXIT_NO_DISK, 1 },
	[STAGE_CONFIGURATION] = { "configuration", EXIT_CONFIGURATION, 2 },
	[STAGE_KEYS] = { "keys", EXIT_NO_KEY, 3 },
	[STAGE_CLOSURE] = { "closure", EXIT_FETCH, 4 },
	[STAGE_TARGET] = { "target", EXIT_NO_DISK, 6 },
	[STAGE_PLAN] = { "plan", EXIT_CONFIGURATION, 6 },
	[STAGE_PARTITION] = { "partition", EXIT_PARTITION, 7 },
	[STAGE_FORMAT] = { "format", EXIT_FORMAT, 8 },
	[STAGE_MOUNT] = { "mount", EXIT_MOUNT, 10 },
	[STAGE_COPY] = { "copy", EXIT_COPY, 11 },
	[STAGE_DATABASE] = { "database", EXIT_COPY, 70 },
	[STAGE_ACTIVATION] = { "activation", EXIT_BOOT_LOADER, 72 },
	[STAGE_BOOT_LOADER] = { "bootloader", EXIT_BOOT_LOADER, 80 },
	[STAGE_VERIFY] = { "verify", EXIT_VERIFY, 90 },
	[STAGE_COUNT] = { "end", EXIT_INTERNAL, 100 },
};

const char *stage_name(enum stage stage)
{
	return stages[stage].name;
}

enum exit_code stage_exit_code(enum stage stage)
{
	return stages[stage].code;
}

unsigned stage_percent(enum stage stage, unsigned permille)
{
	unsigned begin = stages[stage].percent;
	unsigned span = stages[stage + 1].percent - begin;

	if (permille > 1000)
		permille = 1000;
	return begin + span * permille / 1000;
}

void protocol_sanitize(char *text)
{
	static const char word[] = "INSTALL_";

	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if ((*p < ' ' && *p != '\t') || *p == 0x7f)
			*p = '?';
		/* U+0080 to U+009F are control characters too: terminals obey them. */
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
		if (strncasecmp((const char *)p, word, sizeof(word) - 1) == 0)
			p[sizeof(word) - 2] = '-';
	}
}

/* Copies foreign text so that it can stand in one of our lines. */
static const char *harmless(char ret[PROTOCOL_LINE_BYTES], const char *text)
{
	snprintf(ret, PROTOCOL_LINE_BYTES, "%s", text);
	protocol_sanitize(ret);
	for (char *p = ret; *p; p++)
		if (*p == '\t')
			*p = '?';
	return ret;
}

/* Ends the line with its newline even where the text was cut off; returns the line's length. */
static size_t end_line(char line[PROTOCOL_LINE_BYTES], int length)
{
	size_t used = length < 0 ? 0 : (size_t)length;

	if (used > PROTOCOL_LINE_BYTES - 2)
		used = PROTOCOL_LINE_BYTES - 2;
	line[used] = '\n';
	line[used + 1] = '\0';
	return used + 1;
}

size_t protocol_progress(
	char ret[PROTOCOL_LINE_BYTES], enum stage stage, unsigned percent, const char *text)
{
	char clean[PROTOCOL_LINE_BYTES];
	int length = snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_PROGRESS %s %u %s",
		stage_name(stage), percent > 100 ? 100 : percent, harmless(clean, text));

	return end_line(ret, length);
}

size_t protocol_result(char ret[PROTOCOL_LINE_BYTES], const char *key, const char *value)
{
	char clean_key[PROTOCOL_LINE_BYTES], clean_value[PROTOCOL_LINE_BYTES];
	int length = snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_RESULT %s=%s",
		harmless(clean_key, key), harmless(clean_value, value));

	return end_line(ret, length);
}

size_t protocol_failed(
	char ret[PROTOCOL_LINE_BYTES], int code, enum stage stage, const char *sentence)
{
	char clean[PROTOCOL_LINE_BYTES];
	int length = snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_FAILED code=%d stage=%s %s", code,
		stage_name(stage), harmless(clean, sentence));

	return end_line(ret, length);
}

size_t protocol_successful(char ret[PROTOCOL_LINE_BYTES])
{
	return end_line(ret, snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_SUCCESSFUL"));
}
