/* SPDX-License-Identifier: MIT */
#include "base/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/text.h"

#define TAG_PREFIX  "tag:yaml.org,2002:"
#define UNKNOWN_TAG "there is a tag that has no meaning here"

struct walk {
	yaml_document_t *document;
	char path[YAML_PATH_BYTES];
	size_t depth, values;
	unsigned overridden; /* is not reported, because a later member has the same name */
	yaml_scalar_fn *visit;
	void *userdata;
	struct error *err;
};

static int refuse_yaml(const struct walk *walk, const yaml_node_t *node, const char *what)
{
	return error_set_code(walk->err, EXIT_CONFIGURATION, -EINVAL, "line %zu: %s",
		node->start_mark.line + 1, what);
}

/* Whether the tag is one of those that cloud-init's loader knows, PyYAML's safe one and
 * python/unicode. It refuses a document with another one. libyaml gives a node without a tag the
 * first one of each list. */
static bool has_known_tag(const yaml_node_t *node)
{
	static const char *const tags[][9] = {
		[YAML_SCALAR_NODE] = { "str", "int", "float", "bool", "null", "timestamp", "binary",
			"python/unicode" },
		[YAML_SEQUENCE_NODE] = { "seq", "omap", "pairs" },
		[YAML_MAPPING_NODE] = { "map", "set" },
	};
	const char *tag = (const char *)node->tag;

	if (!text_starts_with(tag, TAG_PREFIX))
		return false;
	for (const char *const *known = tags[node->type]; *known; known++)
		if (strcmp(tag + strlen(TAG_PREFIX), *known) == 0)
			return true;
	return false;
}

bool yaml_is_null(const char *value)
{
	static const char *const texts[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(value, texts[i]) == 0)
			return true;
	return false;
}

static int walk_node(struct walk *walk, int index);

static int report(struct walk *walk, const char *value)
{
	return walk->overridden ? 0 : walk->visit(walk->path, value, walk->userdata, walk->err);
}

static int walk_scalar(struct walk *walk, const yaml_node_t *node)
{
	const char *value = (const char *)node->data.scalar.value;

	if (strlen(value) != node->data.scalar.length)
		return refuse_yaml(walk, node, "there is a NUL character");
	return report(walk, value);
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
			r = report(walk, NULL);
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

/* A member of a mapping, its own or a merged one. */
struct member {
	const yaml_node_t *key;
	int value;
	size_t order; /* in which they count */
	bool overridden;
};

struct members {
	struct member *list;
	size_t count;
};

static void free_members(struct members *members)
{
	free(members->list);
}

static const char *member_name(const struct member *member)
{
	return (const char *)member->key->data.scalar.value;
}

static int add_yaml_member(
	struct walk *walk, struct members *members, const yaml_node_t *key, int value)
{
	if (key->type != YAML_SCALAR_NODE)
		return refuse_yaml(walk, key, "a name is a list or a mapping");
	if (!has_known_tag(key))
		return refuse_yaml(walk, key, UNKNOWN_TAG);
	if (strlen((const char *)key->data.scalar.value) != key->data.scalar.length)
		return refuse_yaml(walk, key, "there is a NUL character");
	if (members->count == YAML_VALUES_MAX)
		return refuse_yaml(walk, key, "aliases make it too large");
	members->list = must_realloc(members->list, members->count + 1, sizeof(*members->list));
	members->list[members->count] = (struct member){ key, value, members->count, false };
	members->count++;
	return 0;
}

static int add_members(struct walk *walk, struct members *members, const yaml_node_t *node);

/* The value of "<<": a mapping, or a list of mappings, of which an earlier one overrides a later
 * one. */
static int add_merged(struct walk *walk, struct members *members, const yaml_node_t *value)
{
	int r = 0;

	if (++walk->values > YAML_VALUES_MAX || walk->depth == YAML_DEPTH_MAX)
		return refuse_yaml(walk, value, "aliases make it too large");
	if (value->type == YAML_SCALAR_NODE)
		return refuse_yaml(walk, value, "<< stands before text, not before a mapping");
	walk->depth++;
	if (value->type == YAML_MAPPING_NODE)
		r = add_members(walk, members, value);
	else
		for (yaml_node_item_t *item = value->data.sequence.items.top;
			item > value->data.sequence.items.start && r == 0; item--) {
			const yaml_node_t *element = yaml_document_get_node(
				walk->document, item[-1]);

			r = element->type == YAML_MAPPING_NODE
				    ? add_merged(walk, members, element)
				    : refuse_yaml(walk, element, "<< merges what is no mapping");
		}
	walk->depth--;
	return r;
}

/* Merged members come first, so that the mapping's own ones override them. */
static int add_members(struct walk *walk, struct members *members, const yaml_node_t *node)
{
	int r = 0;

	for (int own = 0; own < 2; own++)
		for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
			pair < node->data.mapping.pairs.top && r == 0; pair++) {
			const yaml_node_t *key = yaml_document_get_node(walk->document, pair->key);

			if (is_merge(key) != !own)
				continue;
			r = own ? add_yaml_member(walk, members, key, pair->value)
				: add_merged(walk, members,
					  yaml_document_get_node(walk->document, pair->value));
		}
	return r;
}

static int compare_places(const void *a, const void *b)
{
	const struct member *first = a, *second = b;

	return (first->order > second->order) - (first->order < second->order);
}

static int compare_names(const void *a, const void *b)
{
	int order = strcmp(member_name(a), member_name(b));

	return order ? order : compare_places(a, b);
}

/* Of members with one name the last one counts, as in PyYAML. */
static void mark_overridden(struct members *members)
{
	struct member *list = members->list;

	if (members->count < 2)
		return;
	qsort(list, members->count, sizeof(*list), compare_names);
	for (size_t i = 0; i + 1 < members->count; i++)
		list[i].overridden = strcmp(member_name(&list[i]), member_name(&list[i + 1])) == 0;
	qsort(list, members->count, sizeof(*list), compare_places);
}

static int walk_mapping(struct walk *walk, const yaml_node_t *node)
{
	CLEANUP(free_members) struct members members = { NULL, 0 };
	size_t at = strlen(walk->path);
	int r = add_members(walk, &members, node);

	if (r < 0)
		return r;
	mark_overridden(&members);
	for (size_t i = 0; i < members.count && r == 0; i++) {
		text_push_member(walk->path, sizeof(walk->path), at, member_name(&members.list[i]));
		walk->overridden += members.list[i].overridden;
		r = walk_node(walk, members.list[i].value);
		walk->overridden -= members.list[i].overridden;
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
	if (!has_known_tag(node))
		return refuse_yaml(walk, node, UNKNOWN_TAG);
	if (node->type == YAML_SCALAR_NODE)
		return walk_scalar(walk, node);
	if (walk->depth == YAML_DEPTH_MAX)
		return refuse_yaml(walk, node, "lists and mappings are nested too deeply");
	walk->depth++;
	r = node->type == YAML_SEQUENCE_NODE ? walk_sequence(walk, node) : walk_mapping(walk, node);
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
