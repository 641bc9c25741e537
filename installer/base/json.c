/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Never defined: a struct json_document is jansson's json_t under a name of ours. */

static int refuse_json(struct error *err, const char *path, const char *what)
{
	return error_set_code(
		err, EXIT_CONFIGURATION, -EINVAL, "%s %s", path[0] ? path : "the document", what);
}

static void member_path(const struct json_value *object, const char *name, char *ret)
{
	snprintf(ret, JSON_PATH_BYTES, "%.100s%s%.50s", object->path, object->path[0] ? "." : "",
		name);
}

static void element_path(const struct json_value *array, size_t index, char *ret)
{
	snprintf(ret, JSON_PATH_BYTES, "%.120s[%zu]", array->path, index);
}

int json_refuse(
	const struct json_value *object, const char *name, struct error *err, const char *what, ...)
{
	char path[JSON_PATH_BYTES], sentence[512];
	va_list args;

	member_path(object, name, path);
	va_start(args, what);
	vsnprintf(sentence, sizeof(sentence), what, args);
	va_end(args);
	return refuse_json(err, path, sentence);
}

int json_parse(const char *text, size_t size_bytes, struct json_document **ret,
	struct json_value *ret_root, struct error *err)
{
	json_error_t why;
	json_t *root;

	if (size_bytes > JSON_MAX_BYTES)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"the document has %zu bytes, more than %d", size_bytes, JSON_MAX_BYTES);
	/* jansson skips one between two values. */
	if (memchr(text, '\0', size_bytes))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"it is not well-formed JSON: there is a NUL character");
	root = json_loadb(text, size_bytes, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"it is not well-formed JSON: line %d, column %d: %s", why.line, why.column,
			why.text);
	if (!json_is_object(root)) {
		json_decref(root);
		return refuse_json(err, "", "must be a JSON object");
	}
	*ret = (struct json_document *)root;
	*ret_root = (struct json_value){ .value = root };
	return 0;
}

void json_free(struct json_document **document)
{
	json_decref((json_t *)*document);
	*document = NULL;
}

int json_only(const struct json_value *object, const char *const *names, struct error *err)
{
	char known[256] = "";
	const char *name;
	json_t *value;

	for (size_t i = 0; names[i]; i++)
		text_append(known, sizeof(known), "%s%s", i ? ", " : "", names[i]);
	json_object_foreach((json_t *)object->value, name, value)
	{
		if (!text_is_one_of(name, names))
			return json_refuse(
				object, name, err, "is not known; known here are %s", known);
	}
	return 0;
}

bool json_has(const struct json_value *object, const char *name)
{
	return json_object_get(object->value, name) != NULL;
}

bool json_has_value(const struct json_value *object, const char *name)
{
	const json_t *value = json_object_get(object->value, name);

	return value && json_typeof(value) != JSON_NULL;
}

bool json_has_integer(const struct json_value *object, const char *name)
{
	return json_is_integer(json_object_get(object->value, name));
}

/* The member of this name, or NULL with the sentence that it is missing. */
static const json_t *member(const struct json_value *object, const char *name, struct error *err)
{
	const json_t *value = json_object_get(object->value, name);

	if (!value)
		json_refuse(object, name, err, "is missing");
	return value;
}

int json_get_object(const struct json_value *object, const char *name, struct json_value *ret,
	struct error *err)
{
	const json_t *value = member(object, name, err);

	if (!value)
		return -EINVAL;
	if (!json_is_object(value))
		return json_refuse(object, name, err, "must be an object");
	ret->value = value;
	member_path(object, name, ret->path);
	return 0;
}

int json_get_array(const struct json_value *object, const char *name, struct json_value *ret,
	struct error *err)
{
	const json_t *value = member(object, name, err);

	if (!value)
		return -EINVAL;
	if (!json_is_array(value))
		return json_refuse(object, name, err, "must be an array");
	ret->value = value;
	member_path(object, name, ret->path);
	return 0;
}

size_t json_count(const struct json_value *array)
{
	return json_array_size(array->value);
}

int json_object_at(
	const struct json_value *array, size_t index, struct json_value *ret, struct error *err)
{
	const json_t *value = json_array_get(array->value, index);
	char path[JSON_PATH_BYTES];

	element_path(array, index, path);
	if (!json_is_object(value))
		return refuse_json(err, path, "must be an object");
	ret->value = value;
	memcpy(ret->path, path, sizeof(path));
	return 0;
}

size_t json_member_count(const struct json_value *object)
{
	return json_object_size(object->value);
}

int json_member_at(const struct json_value *object, size_t index, const char **ret_name,
	struct json_value *ret, struct error *err)
{
	/* jansson's functions take what they only read as writable. */
	json_t *value = (json_t *)(uintptr_t)object->value;
	void *iterator = json_object_iter(value);

	while (index-- > 0)
		iterator = json_object_iter_next(value, iterator);
	*ret_name = json_object_iter_key(iterator);
	return json_get_object(object, *ret_name, ret, err);
}

static int copy_string(
	const json_t *value, const char *path, char *ret, size_t ret_bytes, struct error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return refuse_json(err, path, "must be a string");
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return refuse_json(err, path, "has control characters");
	if (text_copy(ret, ret_bytes, text) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s is longer than %zu bytes", path, ret_bytes - 1);
	return 0;
}

int json_string_at(const struct json_value *array, size_t index, char *ret, size_t ret_bytes,
	struct error *err)
{
	char path[JSON_PATH_BYTES];

	element_path(array, index, path);
	return copy_string(json_array_get(array->value, index), path, ret, ret_bytes, err);
}

int json_get_string(const struct json_value *object, const char *name, char *ret, size_t ret_bytes,
	struct error *err)
{
	const json_t *value = member(object, name, err);
	char path[JSON_PATH_BYTES];

	if (!value)
		return -EINVAL;
	member_path(object, name, path);
	return copy_string(value, path, ret, ret_bytes, err);
}

int json_get_number(const struct json_value *object, const char *name, uint64_t max, uint64_t *ret,
	struct error *err)
{
	const json_t *value = member(object, name, err);

	if (!value)
		return -EINVAL;
	if (!json_is_integer(value))
		return json_refuse(object, name, err, "must be a whole number");
	if (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max)
		return json_refuse(object, name, err, "must be between 0 and %" PRIu64, max);
	*ret = (uint64_t)json_integer_value(value);
	return 0;
}

int json_get_bool(const struct json_value *object, const char *name, bool *ret, struct error *err)
{
	const json_t *value = member(object, name, err);

	if (!value)
		return -EINVAL;
	if (!json_is_boolean(value))
		return json_refuse(object, name, err, "must be true or false");
	*ret = json_is_true(value);
	return 0;
}

/* Gives a new value to an object or an array, and returns it. */
static json_t *add_member(struct json_document *to, const char *name, json_t *value)
{
	json_t *parent = (json_t *)to;
	int r = name ? json_object_set_new(parent, name, value)
		     : json_array_append_new(parent, value);

	/* Names are ours, so only memory can be missing. */
	if (r < 0)
		abort();
	return value;
}

/* -------------------------------------------------------- walking */

struct json_walk {
	char path[JSON_PATH_BYTES];
	size_t depth;
	json_scalar_fn *visit;
	void *userdata;
	struct error *err;
};

/* With as few digits as give the same number again. */
static void print_real(double number, char *ret, size_t ret_bytes)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(ret, ret_bytes, "%.*g", digits, number);
		if (strtod(ret, NULL) >= number && strtod(ret, NULL) <= number)
			return;
	}
}

static int visit_scalar(struct json_walk *walk, const json_t *value)
{
	char number[40];

	switch (json_typeof(value)) {
	case JSON_STRING:
		return walk->visit(walk->path, json_string_value(value), walk->userdata, walk->err);
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		return walk->visit(walk->path, number, walk->userdata, walk->err);
	case JSON_REAL:
		print_real(json_real_value(value), number, sizeof(number));
		return walk->visit(walk->path, number, walk->userdata, walk->err);
	case JSON_TRUE:
	case JSON_FALSE:
		return walk->visit(walk->path, json_is_true(value) ? "true" : "false",
			walk->userdata, walk->err);
	default:
		return 0;
	}
}

static int walk_json_value(struct json_walk *walk, const json_t *value);

static int walk_json_array(struct json_walk *walk, const json_t *array)
{
	size_t at = strlen(walk->path), index;
	const json_t *element;
	int r = 0;

	json_array_foreach(array, index, element)
	{
		walk->path[at] = '\0';
		text_append(walk->path, sizeof(walk->path), "[]");
		if (json_is_object(element) || json_is_array(element))
			r = walk->visit(walk->path, NULL, walk->userdata, walk->err);
		if (r < 0)
			return r;
		r = walk_json_value(walk, element);
		if (r < 0)
			return r;
	}
	walk->path[at] = '\0';
	return 0;
}

static int walk_json_object(struct json_walk *walk, const json_t *object)
{
	size_t at = strlen(walk->path);
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		int r;

		text_push_member(walk->path, sizeof(walk->path), at, name);
		r = walk_json_value(walk, value);
		if (r < 0)
			return r;
		walk->path[at] = '\0';
	}
	return 0;
}

static int walk_json_value(struct json_walk *walk, const json_t *value)
{
	int r;

	if (!json_is_object(value) && !json_is_array(value))
		return visit_scalar(walk, value);
	if (walk->depth == JSON_DEPTH_MAX)
		return refuse_json(walk->err, walk->path, "is nested too deeply");
	walk->depth++;
	r = json_is_array(value) ? walk_json_array(walk, value) : walk_json_object(walk, value);
	walk->depth--;
	return r;
}

int json_walk(const char *text, size_t size_bytes, json_scalar_fn *visit, void *userdata,
	struct error *err)
{
	struct json_walk walk = { .visit = visit, .userdata = userdata, .err = err };
	CLEANUP(json_free) struct json_document *document = NULL;
	struct json_value root;
	int r = json_parse(text, size_bytes, &document, &root, err);

	if (r < 0)
		return r;
	return walk_json_value(&walk, root.value);
}

struct json_document *json_new(void)
{
	json_t *root = json_object();

	if (!root)
		abort();
	return (struct json_document *)root;
}

struct json_document *json_add_object(struct json_document *to, const char *name)
{
	return (struct json_document *)add_member(to, name, json_object());
}

struct json_document *json_add_array(struct json_document *to, const char *name)
{
	return (struct json_document *)add_member(to, name, json_array());
}

/* jansson takes only UTF-8; serial numbers and labels are whatever a disk says. */
static json_t *make_string(const char *text)
{
	AUTO_FREE char *ascii = NULL;
	json_t *value = json_string(text);

	if (value)
		return value;
	ascii = text_duplicate(text);
	for (char *p = ascii; *p; p++)
		if (!isascii((unsigned char)*p))
			*p = '?';
	return json_string(ascii);
}

void json_add_string(struct json_document *to, const char *name, const char *text)
{
	add_member(to, name, text ? make_string(text) : json_null());
}

void json_add_number(struct json_document *to, const char *name, uint64_t number)
{
	add_member(to, name, json_integer((json_int_t)number));
}

void json_add_bool(struct json_document *to, const char *name, bool value)
{
	add_member(to, name, json_boolean(value));
}

/* A value that two documents share counts its owners. */
void json_add_copy(struct json_document *to, const char *name, const struct json_value *object,
	const char *member)
{
	add_member(to, name, json_incref(json_object_get(object->value, member)));
}

static char *dump(const struct json_document *document, size_t flags)
{
	char *text = json_dumps((const json_t *)document, flags);
	size_t length;

	if (!text)
		abort();
	length = strlen(text);
	text = must_realloc(text, length + 2, 1);
	memcpy(text + length, "\n", 2);
	return text;
}

char *json_text(const struct json_document *document)
{
	return dump(document, JSON_INDENT(2));
}

char *json_line(const struct json_document *document)
{
	return dump(document, JSON_COMPACT);
}
