/* SPDX-License-Identifier: MIT */
#include "verdict/protocol.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"

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
	[STAGE_NETWORK] = { "network", EXIT_FETCH, 2 },
	[STAGE_KEYS] = { "keys", EXIT_NO_KEY, 3 },
	[STAGE_CLOSURE] = { "closure", EXIT_FETCH, 4 },
	[STAGE_TARGET] = { "target", EXIT_NO_DISK, 6 },
	[STAGE_PLAN] = { "plan", EXIT_CONFIGURATION, 6 },
	[STAGE_PARTITION] = { "partition", EXIT_PARTITION, 7 },
	[STAGE_FORMAT] = { "format", EXIT_FORMAT, 8 },
	[STAGE_MOUNT] = { "mount", EXIT_MOUNT, 10 },
	[STAGE_COPY] = { "copy", EXIT_COPY, 10 },
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

/* Copies untrusted text so that it is safe within a line of the protocol. */
static const char *harmless(char ret[PROTOCOL_LINE_BYTES], const char *text)
{
	snprintf(ret, PROTOCOL_LINE_BYTES, "%s", text);
	text_sanitize(ret);
	for (char *p = ret; *p; p++)
		if (*p == '\t')
			*p = '?';
	return ret;
}

static int print_event(char ret[PROTOCOL_LINE_BYTES], const struct event *event)
{
	char clean[PROTOCOL_LINE_BYTES], clean_key[PROTOCOL_LINE_BYTES];

	switch (event->type) {
	case EVENT_HELLO:
	case EVENT_STARTED:
		break;
	case EVENT_PROGRESS:
		return snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_PROGRESS %s %u %s",
			stage_name(event->stage), event->percent, harmless(clean, event->text));
	case EVENT_RESULT:
		return snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_RESULT %s=%s",
			harmless(clean_key, event->result->key),
			harmless(clean, event->result->value));
	case EVENT_FAILED:
		return snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_FAILED code=%d stage=%s %s",
			event->code, stage_name(event->stage), harmless(clean, event->text));
	case EVENT_SUCCESSFUL:
		return snprintf(ret, PROTOCOL_LINE_BYTES, "INSTALL_SUCCESSFUL");
	}
	return 0;
}

/* The line ends with its newline even if the text was truncated. */
size_t protocol_line(char ret[PROTOCOL_LINE_BYTES], const struct event *event)
{
	int length = print_event(ret, event);
	size_t used = length < 0 ? 0 : (size_t)length;

	if (used == 0)
		return 0;
	if (used > PROTOCOL_LINE_BYTES - 2)
		used = PROTOCOL_LINE_BYTES - 2;
	ret[used] = '\n';
	ret[used + 1] = '\0';
	return used + 1;
}

static void put_json_text(struct json_document *to, const char *name, const char *text)
{
	char clean[PROTOCOL_LINE_BYTES];

	json_add_string(to, name, harmless(clean, text));
}

static void add_result(struct json_document *to, const struct result *result)
{
	put_json_text(to, "key", result->key);
	put_json_text(to, "value", result->value);
}

static void add_progress(struct json_document *to, const struct event *event)
{
	json_add_string(to, "stage", stage_name(event->stage));
	json_add_number(to, "percent", event->percent);
	put_json_text(to, "text", event->text);
	if (event->total_bytes) {
		json_add_number(to, "bytes", event->bytes);
		json_add_number(to, "total_bytes", event->total_bytes);
	}
}

static void add_failure(struct json_document *to, const struct event *event)
{
	json_add_number(to, "code", (uint64_t)event->code);
	json_add_string(to, "stage", stage_name(event->stage));
	put_json_text(to, "text", event->text);
}

static const char *const event_names[] = {
	[EVENT_HELLO] = "hello",
	[EVENT_STARTED] = "started",
	[EVENT_PROGRESS] = "progress",
	[EVENT_RESULT] = "result",
	[EVENT_FAILED] = "failed",
	[EVENT_SUCCESSFUL] = "successful",
};

/* The event's name and members. */
static void add_event(struct json_document *to, const struct event *event)
{
	json_add_string(to, "event", event_names[event->type]);
	switch (event->type) {
	case EVENT_HELLO:
	case EVENT_STARTED:
		json_add_number(to, "protocol", PROTOCOL_VERSION);
		json_add_string(to, "version", VERSION);
		break;
	case EVENT_PROGRESS:
		add_progress(to, event);
		break;
	case EVENT_RESULT:
		add_result(to, event->result);
		break;
	case EVENT_FAILED:
		add_failure(to, event);
		break;
	case EVENT_SUCCESSFUL:
		break;
	}
}

char *protocol_json(const struct event *event)
{
	struct json_document *line = json_new();
	char *text;

	add_event(line, event);
	text = json_line(line);
	json_free(&line);
	return text;
}

char *protocol_report_event(const struct event *event)
{
	struct json_document *report = json_new();
	char *text;

	json_add_number(report, "protocol", PROTOCOL_VERSION);
	add_event(report, event);
	text = json_line(report);
	json_free(&report);
	return text;
}

char *protocol_report(const struct event *verdict, const struct result *results, size_t count)
{
	struct json_document *report = json_new(), *list;
	char *text;

	json_add_number(report, "protocol", PROTOCOL_VERSION);
	add_event(report, verdict);
	if (verdict->type == EVENT_SUCCESSFUL)
		json_add_number(report, "code", EXIT_INSTALLED);
	list = json_add_array(report, "results");
	for (size_t i = 0; i < count; i++)
		add_result(json_add_object(list, NULL), &results[i]);
	text = json_line(report);
	json_free(&report);
	return text;
}
