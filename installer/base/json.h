/* SPDX-License-Identifier: MIT */
/*
 * json — reads and writes JSON documents with jansson (the only file that includes it). Errors of
 * the typed getters name the member: "mounts[0].label must be a string".
 *
 * Pure. Every error is -EINVAL with EXIT_CONFIGURATION. Duplicate members, trailing text and NUL
 * characters are refused. Writing cannot fail.
 *
 * Tested by: tests/unit/test_json.c, tests/unit/test_plan_json.c, tests/unit/test_cloud_config.c,
 * tests/fuzz/cloud_config.c, tests/fuzz/json.c, tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define JSON_MAX_BYTES	(1024 * 1024)
#define JSON_PATH_BYTES 160
#define JSON_DEPTH_MAX	16

struct json_document;

/* A value in a document, valid as long as the document is, and where it stands. */
struct json_value {
	const void *value;	    /* NULL if the member is absent */
	char path[JSON_PATH_BYTES]; /* "mounts[0]"; empty for the root */
};

/* Parses a text whose root must be an object. */
int json_parse(const char *text, size_t size_bytes, struct json_document **ret,
	struct json_value *ret_root, struct error *err) WARN_UNUSED;

void json_free(struct json_document **document);

/* Refuses members that are not in the NULL-terminated list. */
int json_only(
	const struct json_value *object, const char *const *names, struct error *err) WARN_UNUSED;

bool json_has(const struct json_value *object, const char *name);

/* Whether the member is there and not null. */
bool json_has_value(const struct json_value *object, const char *name);

/* Whether the member is there and a whole number, which may be negative. */
bool json_has_integer(const struct json_value *object, const char *name);

/* A member that must be an object or an array. */
int json_get_object(const struct json_value *object, const char *name, struct json_value *ret,
	struct error *err) WARN_UNUSED;
int json_get_array(const struct json_value *object, const char *name, struct json_value *ret,
	struct error *err) WARN_UNUSED;

size_t json_count(const struct json_value *array);

/* Elements of an array that must be objects or strings; index must be below json_count. */
int json_object_at(const struct json_value *array, size_t index, struct json_value *ret,
	struct error *err) WARN_UNUSED;
int json_string_at(const struct json_value *array, size_t index, char *ret, size_t ret_bytes,
	struct error *err) WARN_UNUSED;

/* The member of an object with this index, in the document's order, which must be an object itself;
 * index must be below json_member_count. ret_name is valid as long as the document is. */
size_t json_member_count(const struct json_value *object);
int json_member_at(const struct json_value *object, size_t index, const char **ret_name,
	struct json_value *ret, struct error *err) WARN_UNUSED;

/* Members that must be there. Strings are without control characters and fit ret_bytes with the
 * NUL; numbers are whole and between 0 and max. */
int json_get_string(const struct json_value *object, const char *name, char *ret, size_t ret_bytes,
	struct error *err) WARN_UNUSED;
int json_get_number(const struct json_value *object, const char *name, uint64_t max, uint64_t *ret,
	struct error *err) WARN_UNUSED;
int json_get_bool(const struct json_value *object, const char *name, bool *ret,
	struct error *err) WARN_UNUSED;

/* Sets the error "<path>.<name> <what>" for a member with a bad value. Returns -EINVAL. */
int json_refuse(const struct json_value *object, const char *name, struct error *err,
	const char *what, ...) PRINTF_LIKE(4, 5);

/* Walks a document whose root must be an object, as yaml_walk does: visit takes each scalar with
 * the path that leads to it, in document order. path is like "keys[].data". In names, characters
 * other than letters, digits, - and _ become question marks, and what does not fit is cut off.
 * value is the text of a string, a number, true or false; NULL announces that an element of an
 * array begins which is an object or an array. null counts as absent. A negative return ends the
 * walk. Depth is limited. */
typedef int json_scalar_fn(const char *path, const char *value, void *userdata, struct error *err);
int json_walk(const char *text, size_t size_bytes, json_scalar_fn *visit, void *userdata,
	struct error *err) WARN_UNUSED;

/* A document to be written: an empty object, to be freed by json_free. */
struct json_document *json_new(void);

/* Each adds a member to an object, or with name NULL an element to an array, behind those that are
 * there. What json_add_object and json_add_array return belongs to the document. */
struct json_document *json_add_object(struct json_document *to, const char *name);
struct json_document *json_add_array(struct json_document *to, const char *name);

/* NULL becomes null. If text is not UTF-8, each byte that is not ASCII becomes a question mark. */
void json_add_string(struct json_document *to, const char *name, const char *text);
void json_add_number(struct json_document *to, const char *name, uint64_t number);
void json_add_bool(struct json_document *to, const char *name, bool value);

/* Adds a copy of a member that is there, whatever its type. */
void json_add_copy(struct json_document *to, const char *name, const struct json_value *object,
	const char *member);

/* The text of a document, indented, with a newline at its end; from malloc. */
char *json_text(const struct json_document *document);

/* The same on one line, without blanks. */
char *json_line(const struct json_document *document);
