/* SPDX-License-Identifier: MIT */
/*
 * The format (Dolstra, "The Purely Functional Software Deployment Model", figure 5.2; libutil,
 * archive.cc): every word is its length as 64 bits little-endian, its bytes, and zeros up to a
 * multiple of eight.
 *
 *     archive   = "nix-archive-1" node
 *     node      = "(" "type" kind ")"
 *     kind      = "regular" ["executable" ""] "contents" <bytes>
 *               | "symlink" "target" <text>
 *               | "directory" { "entry" "(" "name" <text> "node" node ")" }
 */
#include "nix/nar.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MAGIC	      "nix-archive-1"
#define LENGTH_BYTES  8 /* of a word's length */
#define PADDING_BYTES 8 /* words are padded to a multiple of it */
#define WORD_MAX      NAR_TARGET_MAX

/* What the next word must be. */
enum state {
	WANT_MAGIC,
	WANT_NODE,
	WANT_TYPE_KEY,
	WANT_TYPE,
	WANT_FILE_KEY, /* executable or contents */
	WANT_EXECUTABLE_VALUE,
	WANT_CONTENTS_KEY,
	WANT_CONTENTS,
	WANT_TARGET_KEY,
	WANT_TARGET,
	WANT_NODE_END,
	WANT_ENTRY, /* entry, or the end of the directory's node */
	WANT_ENTRY_OPEN,
	WANT_NAME_KEY,
	WANT_NAME,
	WANT_NODE_KEY,
	WANT_ENTRY_END,
	WANT_NOTHING, /* the archive is complete */
};

/* Words with a fixed text, and the state that follows. */
static const struct {
	const char *word;
	enum state next;
} keywords[WANT_NOTHING + 1] = {
	[WANT_MAGIC] = { MAGIC, WANT_NODE },
	[WANT_NODE] = { "(", WANT_TYPE_KEY },
	[WANT_TYPE_KEY] = { "type", WANT_TYPE },
	[WANT_EXECUTABLE_VALUE] = { "", WANT_CONTENTS_KEY },
	[WANT_CONTENTS_KEY] = { "contents", WANT_CONTENTS },
	[WANT_TARGET_KEY] = { "target", WANT_TARGET },
	[WANT_ENTRY_OPEN] = { "(", WANT_NAME_KEY },
	[WANT_NAME_KEY] = { "name", WANT_NAME },
	[WANT_NODE_KEY] = { "node", WANT_NODE },
	[WANT_ENTRY_END] = { ")", WANT_ENTRY },
};

/* Position in a word. */
enum part {
	PART_LENGTH,
	PART_BYTES,
	PART_PADDING,
};

struct nar {
	const struct nar_events *events;
	void *userdata;
	enum state state;
	enum part part;
	uint64_t left_bytes;			     /* of this part */
	uint64_t length;			     /* of the word */
	bool executable;			     /* of the current file */
	unsigned depth;				     /* number of open directories */
	char word[WORD_MAX + 1];		     /* NUL-terminated */
	char names[NAR_DEPTH_MAX][NAR_NAME_MAX + 1]; /* the latest name in each open directory */
};

struct nar *nar_new(const struct nar_events *events, void *userdata)
{
	struct nar *nar = must_realloc(NULL, 1, sizeof(*nar));

	nar->events = events;
	nar->userdata = userdata;
	nar_reset(nar);
	return nar;
}

void nar_free(struct nar **nar)
{
	free(*nar);
	*nar = NULL;
}

static void expect_word(struct nar *nar, enum state state)
{
	nar->state = state;
	nar->part = PART_LENGTH;
	nar->left_bytes = LENGTH_BYTES;
	nar->length = 0;
}

void nar_reset(struct nar *nar)
{
	nar->depth = 0;
	expect_word(nar, WANT_MAGIC);
}

/* Sets the sentence, with the path inside the archive. */
static int PRINTF_LIKE(3, 4)
	bad_archive(const struct nar *nar, struct error *err, const char *fmt, ...)
{
	char path[400] = "", what[400];
	size_t used = 0;
	va_list args;

	for (unsigned i = 0; i < nar->depth && used < sizeof(path); i++)
		used += (size_t)snprintf(path + used, sizeof(path) - used, "/%s", nar->names[i]);
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return error_set_code(err, EXIT_VERIFY, -EBADMSG, "the archive is malformed at '%s': %s",
		*path ? path : "/", what);
}

/* The name of the current node; NULL for the root. */
static const char *node_name(const struct nar *nar)
{
	return nar->depth ? nar->names[nar->depth - 1] : NULL;
}

static void node_done(struct nar *nar)
{
	expect_word(nar, nar->depth ? WANT_ENTRY_END : WANT_NOTHING);
}

static int begin_directory(struct nar *nar, struct error *err)
{
	int r = nar->events->directory(nar->userdata, node_name(nar), err);

	if (r < 0)
		return r;
	nar->names[nar->depth][0] = '\0';
	nar->depth++;
	expect_word(nar, WANT_ENTRY);
	return 0;
}

static int directory_finish(struct nar *nar, struct error *err)
{
	nar->depth--;
	node_done(nar);
	return nar->events->directory_end(nar->userdata, err);
}

static int take_type(struct nar *nar, struct error *err)
{
	if (strcmp(nar->word, "directory") == 0)
		return begin_directory(nar, err);
	if (strcmp(nar->word, "symlink") == 0) {
		expect_word(nar, WANT_TARGET_KEY);
		return 0;
	}
	if (strcmp(nar->word, "regular") != 0)
		return bad_archive(nar, err, "a node of the unknown type '%s'", nar->word);
	nar->executable = false;
	expect_word(nar, WANT_FILE_KEY);
	return 0;
}

static int take_file_key(struct nar *nar, struct error *err)
{
	if (strcmp(nar->word, "contents") == 0) {
		expect_word(nar, WANT_CONTENTS);
		return 0;
	}
	if (strcmp(nar->word, "executable") != 0)
		return bad_archive(nar, err, "'contents' was expected, not '%s'", nar->word);
	nar->executable = true;
	expect_word(nar, WANT_EXECUTABLE_VALUE);
	return 0;
}

static int take_entry(struct nar *nar, struct error *err)
{
	if (strcmp(nar->word, ")") == 0)
		return directory_finish(nar, err);
	if (strcmp(nar->word, "entry") != 0)
		return bad_archive(nar, err, "'entry' was expected, not '%s'", nar->word);
	/* The entry would be at */
	if (nar->depth >= NAR_DEPTH_MAX)
		return bad_archive(
			nar, err, "more than %d directories inside each other", NAR_DEPTH_MAX);
	expect_word(nar, WANT_ENTRY_OPEN);
	return 0;
}

static int take_entry_name(struct nar *nar, struct error *err)
{
	char *previous = nar->names[nar->depth - 1];

	if (strchr(nar->word, '/') || strcmp(nar->word, ".") == 0 || strcmp(nar->word, "..") == 0)
		return bad_archive(nar, err, "the name '%s' is not allowed", nar->word);
	if (strcmp(nar->word, previous) <= 0)
		return bad_archive(
			nar, err, "the name '%s' does not come after the one before", nar->word);
	memcpy(previous, nar->word, (size_t)nar->length + 1);
	expect_word(nar, WANT_NODE_KEY);
	return 0;
}

static int take_target(struct nar *nar, struct error *err)
{
	expect_word(nar, WANT_NODE_END);
	return nar->events->link(nar->userdata, node_name(nar), nar->word, err);
}

static int take_keyword(struct nar *nar, struct error *err)
{
	const char *wanted = nar->state == WANT_NODE_END ? ")" : keywords[nar->state].word;

	if (strcmp(nar->word, wanted) != 0)
		return bad_archive(nar, err, "'%s' was expected, not '%s'", wanted, nar->word);
	if (nar->state == WANT_NODE_END)
		node_done(nar);
	else
		expect_word(nar, keywords[nar->state].next);
	return 0;
}

/* Handles a complete word, whose padding was read as well. */
static int take_nar_word(struct nar *nar, struct error *err)
{
	if (nar->state == WANT_CONTENTS) {
		expect_word(nar, WANT_NODE_END);
		return nar->events->file_end(nar->userdata, err);
	}
	nar->word[nar->length] = '\0';
	if (strlen(nar->word) != nar->length)
		return bad_archive(nar, err, "a NUL byte inside a word");
	switch (nar->state) {
	case WANT_TYPE:
		return take_type(nar, err);
	case WANT_FILE_KEY:
		return take_file_key(nar, err);
	case WANT_ENTRY:
		return take_entry(nar, err);
	case WANT_NAME:
		return take_entry_name(nar, err);
	case WANT_TARGET:
		return take_target(nar, err);
	default:
		return take_keyword(nar, err);
	}
}

/* Checks the length of a word against what may follow. */
static int take_length(struct nar *nar, struct error *err)
{
	bool text = nar->state == WANT_NAME || nar->state == WANT_TARGET;
	size_t max = nar->state == WANT_NAME	 ? NAR_NAME_MAX
		     : nar->state == WANT_TARGET ? NAR_TARGET_MAX
						 : strlen(MAGIC);

	if (nar->state == WANT_CONTENTS) {
		if (nar->length > INT64_MAX)
			return bad_archive(nar, err, "a file of %" PRIu64 " bytes", nar->length);
		return nar->events->file(
			nar->userdata, node_name(nar), nar->executable, nar->length, err);
	}
	if (nar->length > max)
		return bad_archive(nar, err, "a word of %" PRIu64 " bytes, where %zu are the most",
			nar->length, max);
	if (text && nar->length == 0)
		return bad_archive(nar, err, "an empty name or target");
	return 0;
}

/* Advances over parts of which nothing is left. */
static int advance(struct nar *nar, struct error *err)
{
	int r = 0;

	while (r == 0 && nar->left_bytes == 0) {
		if (nar->part == PART_LENGTH) {
			nar->part = PART_BYTES;
			nar->left_bytes = nar->length;
			r = take_length(nar, err);
		} else if (nar->part == PART_BYTES) {
			nar->part = PART_PADDING;
			nar->left_bytes = -nar->length % PADDING_BYTES;
		} else {
			r = take_nar_word(nar, err);
		}
	}
	return r;
}

static int take_bytes(struct nar *nar, const uint8_t *data, size_t size_bytes, struct error *err)
{
	if (nar->part == PART_LENGTH) {
		for (size_t i = 0; i < size_bytes; i++)
			nar->length |= (uint64_t)data[i]
				       << 8 * (LENGTH_BYTES - nar->left_bytes + i);
	} else if (nar->part == PART_PADDING) {
		for (size_t i = 0; i < size_bytes; i++)
			if (data[i])
				return bad_archive(nar, err, "padding that is not zero");
	} else if (nar->state == WANT_CONTENTS) {
		return nar->events->file_data(nar->userdata, data, size_bytes, err);
	} else {
		memcpy(nar->word + (nar->length - nar->left_bytes), data, size_bytes);
	}
	return 0;
}

int nar_feed(struct nar *nar, const uint8_t *data, size_t size_bytes, struct error *err)
{
	while (size_bytes > 0) {
		size_t piece = size_bytes < nar->left_bytes ? size_bytes : (size_t)nar->left_bytes;
		int r;

		if (nar->state == WANT_NOTHING)
			return bad_archive(nar, err, "bytes follow its end");
		r = take_bytes(nar, data, piece, err);
		if (r < 0)
			return r;
		nar->left_bytes -= piece;
		data += piece;
		size_bytes -= piece;
		r = advance(nar, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int nar_finish(const struct nar *nar, struct error *err)
{
	if (nar->state != WANT_NOTHING)
		return bad_archive(nar, err, "it ends too early");
	return 0;
}
