/* SPDX-License-Identifier: MIT */
#include "base/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

struct walk {
	yaml_document_t *document;
	char path[YAML_PATH_BYTES];
	size_t depth, values;
	yaml_scalar_fn *visit;
	void *userdata;
	struct error *err;
};

static int refuse_yaml(const struct walk *walk, const yaml_node_t *node, const char *what)
{
	return error_set_code(walk->err, EXIT_CONFIGURATION, -EINVAL, "line %zu: %s",
		node->start_mark.line + 1, what);
}

/* Puts a member's name behind a path of this length. */
static void push_name(struct walk *walk, size_t at, const char *name)
{
	char *p = walk->path + at;

	*p = '\0';
	text_append(walk->path, sizeof(walk->path), "%s%.64s", at ? "." : "", name);
	/* A path that is full has no room for the dot. */
	for (p += at > 0 && *p; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			*p = '?';
}

static int walk_node(struct walk *walk, int index);

static int walk_scalar(struct walk *walk, const yaml_node_t *node)
{
	const char *value = (const char *)node->data.scalar.value;

	if (strlen(value) != node->data.scalar.length)
		return refuse_yaml(walk, node, "there is a NUL character");
	return walk->visit(walk->path, value, walk->userdata, walk->err);
}

static int walk_sequence(struct walk *walk, const yaml_node_t *node)
{
	size_t at = strlen(walk->path);
	int r = 0;

	for (yaml_node_item_t *item = node->data.sequence.items.start;
		item < node->data.sequence.items.top && r == 0; item++) {
		const yaml_node_t *element = yaml_document_get_node(walk->document, *item);

		walk->path[at] = '\0';
		text_append(walk->path, sizeof(walk->path), "[]");
		if (element->type != YAML_SCALAR_NODE)
			r = walk->visit(walk->path, NULL, walk->userdata, walk->err);
		if (r == 0)
			r = walk_node(walk, *item);
	}
	walk->path[at] = '\0';
	return r;
}

static bool is_merge(const yaml_node_t *key)
{
	return key->type == YAML_SCALAR_NODE && key->data.scalar.length == 2 &&
	       memcmp(key->data.scalar.value, "<<", 2) == 0 &&
	       key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int walk_members(struct walk *walk, const yaml_node_t *node);

/* The value of "<<": a mapping, or a list of mappings, whose members count as the mapping's own. */
static int walk_merged(struct walk *walk, const yaml_node_t *value)
{
	int r = 0;

	if (++walk->values > YAML_VALUES_MAX || walk->depth == YAML_DEPTH_MAX)
		return refuse_yaml(walk, value, "aliases make it too large");
	walk->depth++;
	if (value->type == YAML_MAPPING_NODE)
		r = walk_members(walk, value);
	else if (value->type == YAML_SEQUENCE_NODE)
		for (yaml_node_item_t *item = value->data.sequence.items.start;
			item < value->data.sequence.items.top && r == 0; item++)
			r = walk_merged(walk, yaml_document_get_node(walk->document, *item));
	walk->depth--;
	return r;
}

/* Merged members come first, so that the mapping's own ones win where the last one counts. */
static int walk_members(struct walk *walk, const yaml_node_t *node)
{
	size_t at = strlen(walk->path);
	int r = 0;

	for (int own = 0; own < 2; own++)
		for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
			pair < node->data.mapping.pairs.top && r == 0; pair++) {
			const yaml_node_t *key = yaml_document_get_node(walk->document, pair->key);

			if (key->type != YAML_SCALAR_NODE)
				return refuse_yaml(walk, key, "a name is a list or a mapping");
			if (strlen((const char *)key->data.scalar.value) != key->data.scalar.length)
				return refuse_yaml(walk, key, "there is a NUL character");
			if (is_merge(key) != !own)
				continue;
			if (!own) {
				r = walk_merged(
					walk, yaml_document_get_node(walk->document, pair->value));
				continue;
			}
			push_name(walk, at, (const char *)key->data.scalar.value);
			r = walk_node(walk, pair->value);
			walk->path[at] = '\0';
		}
	return r;
}

/* Walks a node: the depth bounds the recursion, and the number of values bounds what aliases can
 * repeat, an alias to a node around it included. */
static int walk_node(struct walk *walk, int index)
{
	const yaml_node_t *node = yaml_document_get_node(walk->document, index);
	int r;

	if (++walk->values > YAML_VALUES_MAX)
		return refuse_yaml(walk, node, "it has too many values, or aliases repeat them");
	if (node->type == YAML_SCALAR_NODE)
		return walk_scalar(walk, node);
	if (walk->depth == YAML_DEPTH_MAX)
		return refuse_yaml(walk, node, "lists and mappings are nested too deeply");
	walk->depth++;
	r = node->type == YAML_SEQUENCE_NODE ? walk_sequence(walk, node) : walk_members(walk, node);
	walk->depth--;
	return r;
}

/* Loads the next document; the caller deletes it. One without a root is the end of the text. */
static int load_document(yaml_parser_t *parser, yaml_document_t *ret, struct error *err)
{
	if (yaml_parser_load(parser, ret))
		return 0;
	if (parser->error == YAML_MEMORY_ERROR)
		abort();
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"line %zu: it is not well-formed YAML: %s", parser->problem_mark.line + 1,
		parser->problem ? parser->problem : "unreadable");
}

/* Nothing may follow the first document. */
static int check_end(yaml_parser_t *parser, struct error *err)
{
	yaml_document_t document;
	const yaml_node_t *root;
	int r = load_document(parser, &document, err);

	if (r < 0)
		return r;
	root = yaml_document_get_root_node(&document);
	if (root)
		r = error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"line %zu: a second document begins", document.start_mark.line + 1);
	yaml_document_delete(&document);
	return r;
}

static int walk_text(yaml_parser_t *parser, struct walk *walk)
{
	yaml_document_t document;
	int r = load_document(parser, &document, walk->err);

	if (r < 0)
		return r;
	walk->document = &document;
	if (yaml_document_get_root_node(&document)) {
		r = check_end(parser, walk->err);
		if (r == 0)
			r = walk_node(walk, 1);
	}
	yaml_document_delete(&document);
	return r;
}

int yaml_walk(const char *text, size_t size_bytes, yaml_scalar_fn *visit, void *userdata,
	struct error *err)
{
	struct walk walk = { .visit = visit, .userdata = userdata, .err = err };
	yaml_parser_t parser;
	int r;

	if (size_bytes > YAML_MAX_BYTES)
		return error_set_code(err, EXIT_CONFIGURATION, -EFBIG,
			"line 1: it has %zu bytes, more than %d", size_bytes, YAML_MAX_BYTES);
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size_bytes);
	r = walk_text(&parser, &walk);
	yaml_parser_delete(&parser);
	return r;
}
