/* SPDX-License-Identifier: MIT */
#include "base/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

/* A list or a mapping that is open. */
struct level {
	bool list;
	bool named;	    /* of a mapping: the name was read, its value comes next */
	size_t path_length; /* of the path that leads here */
};

struct walk {
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	char path[YAML_PATH_BYTES];
	bool ended; /* the first document is over */
	yaml_scalar_fn *visit;
	void *userdata;
};

static int refuse_yaml(struct error *err, const yaml_event_t *event, const char *what)
{
	return error_set_code(
		err, EXIT_CONFIGURATION, -EINVAL, "line %zu: %s", event->start_mark.line + 1, what);
}

/* Puts a member's name behind the path of its mapping. */
static void push_name(struct walk *walk, const struct level *level, const char *name)
{
	size_t at = level->path_length;
	char *p = walk->path + at;

	*p = '\0';
	text_append(walk->path, sizeof(walk->path), "%s%.64s", at ? "." : "", name);
	/* A path that is full has no room for the dot. */
	for (p += at > 0 && *p; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			*p = '?';
}

/* The path of a value that begins now. */
static void begin_value(struct walk *walk)
{
	struct level *level = walk->depth ? &walk->levels[walk->depth - 1] : NULL;

	if (!level || !level->list)
		return;
	walk->path[level->path_length] = '\0';
	text_append(walk->path, sizeof(walk->path), "[]");
}

/* A value is over: in a mapping the next scalar is a name again. */
static void end_value(struct walk *walk)
{
	if (walk->depth)
		walk->levels[walk->depth - 1].named = false;
}

static int take_scalar(struct walk *walk, const yaml_event_t *event, struct error *err)
{
	const char *value = (const char *)event->data.scalar.value;
	struct level *level = walk->depth ? &walk->levels[walk->depth - 1] : NULL;
	int r;

	if (strlen(value) != event->data.scalar.length)
		return refuse_yaml(err, event, "there is a NUL character");
	if (level && !level->list && !level->named) {
		push_name(walk, level, value);
		level->named = true;
		return 0;
	}
	begin_value(walk);
	r = walk->visit(walk->path, value, walk->userdata, err);
	end_value(walk);
	return r;
}

static int open_level(struct walk *walk, const yaml_event_t *event, bool list, struct error *err)
{
	struct level *outer = walk->depth ? &walk->levels[walk->depth - 1] : NULL;

	if (outer && !outer->list && !outer->named)
		return refuse_yaml(err, event, "a name is a list or a mapping");
	if (walk->depth == YAML_DEPTH_MAX)
		return refuse_yaml(err, event, "lists and mappings are nested too deeply");
	begin_value(walk);
	walk->levels[walk->depth++] = (struct level){ .list = list,
		.path_length = strlen(walk->path) };
	return 0;
}

static void close_level(struct walk *walk)
{
	walk->depth--;
	walk->path[walk->levels[walk->depth].path_length] = '\0';
	end_value(walk);
}

static int take_event(struct walk *walk, const yaml_event_t *event, struct error *err)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return walk->ended ? refuse_yaml(err, event, "a second document begins") : 0;
	case YAML_DOCUMENT_END_EVENT:
		walk->ended = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse_yaml(err, event, "there is an alias (*), which is not followed");
	case YAML_SCALAR_EVENT:
		return take_scalar(walk, event, err);
	case YAML_SEQUENCE_START_EVENT:
		return open_level(walk, event, true, err);
	case YAML_MAPPING_START_EVENT:
		return open_level(walk, event, false, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_level(walk);
		return 0;
	default:
		return 0;
	}
}

/* 1 at the end of the text. */
static int next(yaml_parser_t *parser, struct walk *walk, struct error *err)
{
	yaml_event_t event;
	int r;

	if (!yaml_parser_parse(parser, &event)) {
		if (parser->error == YAML_MEMORY_ERROR)
			abort();
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"line %zu: it is not well-formed YAML: %s", parser->problem_mark.line + 1,
			parser->problem ? parser->problem : "unreadable");
	}
	r = event.type == YAML_STREAM_END_EVENT ? 1 : take_event(walk, &event, err);
	yaml_event_delete(&event);
	return r;
}

int yaml_walk(const char *text, size_t size_bytes, yaml_scalar_fn *visit, void *userdata,
	struct error *err)
{
	struct walk walk = { .visit = visit, .userdata = userdata };
	yaml_parser_t parser;
	int r = 0;

	if (size_bytes > YAML_MAX_BYTES)
		return error_set_code(err, EXIT_CONFIGURATION, -EFBIG,
			"line 1: it has %zu bytes, more than %d", size_bytes, YAML_MAX_BYTES);
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size_bytes);
	while (r == 0)
		r = next(&parser, &walk, err);
	yaml_parser_delete(&parser);
	return r < 0 ? r : 0;
}
