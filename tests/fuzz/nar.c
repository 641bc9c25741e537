/* SPDX-License-Identifier: MIT */
/* Any bytes as an archive, in one piece and in many: the events are the same, and well nested. */
#include "nix/nar.h"
#include "nar_strings.h"

FUZZ_MUTATE_ITEMS(FUZZ_NAR_STRINGS);

/* What the events tell, and the order in which they may come. */
struct listener {
	uint64_t hash;
	unsigned depth;
	bool in_file;
	uint64_t file_left_bytes;
};

static void note(struct listener *listener, const char *event, const char *text)
{
	listener->hash = fuzz_hash(listener->hash, event, strlen(event) + 1);
	if (text)
		listener->hash = fuzz_hash(listener->hash, text, strlen(text) + 1);
}

/* A new node: of an entry if it is in a directory, else the root, which has no name. */
static void check_node(const struct listener *listener, const char *name)
{
	promised(!listener->in_file);
	promised((listener->depth == 0) == (name == NULL));
	if (!name)
		return;
	promised(name[0] && strlen(name) <= NAR_NAME_MAX && !strchr(name, '/'));
	promised(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

static int on_directory(void *userdata, const char *name, struct error *err)
{
	struct listener *listener = userdata;

	(void)err;
	check_node(listener, name);
	promised(++listener->depth <= NAR_DEPTH_MAX);
	note(listener, "directory", name);
	return 0;
}

static int on_directory_end(void *userdata, struct error *err)
{
	struct listener *listener = userdata;

	(void)err;
	promised(!listener->in_file && listener->depth > 0);
	listener->depth--;
	note(listener, "directory_end", NULL);
	return 0;
}

static int on_file(
	void *userdata, const char *name, bool executable, uint64_t size_bytes, struct error *err)
{
	struct listener *listener = userdata;

	(void)err;
	check_node(listener, name);
	listener->in_file = true;
	listener->file_left_bytes = size_bytes;
	note(listener, executable ? "executable" : "file", name);
	return 0;
}

static int on_file_data(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct listener *listener = userdata;

	(void)err;
	promised(listener->in_file && size_bytes <= listener->file_left_bytes);
	listener->file_left_bytes -= size_bytes;
	listener->hash = fuzz_hash(listener->hash, data, size_bytes);
	return 0;
}

static int on_file_end(void *userdata, struct error *err)
{
	struct listener *listener = userdata;

	(void)err;
	promised(listener->in_file && listener->file_left_bytes == 0);
	listener->in_file = false;
	note(listener, "file_end", NULL);
	return 0;
}

static int on_link(void *userdata, const char *name, const char *target, struct error *err)
{
	struct listener *listener = userdata;

	(void)err;
	check_node(listener, name);
	promised(target[0] && strlen(target) <= NAR_TARGET_MAX);
	note(listener, "link", name);
	note(listener, "target", target);
	return 0;
}

static const struct nar_events events = {
	.directory = on_directory,
	.directory_end = on_directory_end,
	.file = on_file,
	.file_data = on_file_data,
	.file_end = on_file_end,
	.link = on_link,
};

static int finish(const struct nar *nar, const struct listener *listener, int r, struct error *err)
{
	if (r == 0)
		r = nar_finish(nar, err);
	if (r == 0)
		promised(listener->depth == 0 && !listener->in_file);
	else
		promised(fuzz_error_is_set(err) && err->code == EXIT_VERIFY);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct listener listener = { 0 }, whole;
	struct error err = FUZZ_NO_ERROR, whole_err = FUZZ_NO_ERROR;
	CLEANUP(nar_free) struct nar *nar = nar_new(&events, &listener);
	uint64_t state = fuzz_hash(0, data, size_bytes);
	int whole_r = finish(
		nar, &listener, nar_feed(nar, data, size_bytes, &whole_err), &whole_err);
	int r = 0;

	whole = listener;
	listener = (struct listener){ 0 };
	nar_reset(nar);
	for (size_t piece; size_bytes > 0 && r == 0; data += piece, size_bytes -= piece) {
		piece = fuzz_piece(&state, size_bytes);
		r = nar_feed(nar, data, piece, &err);
	}
	promised(finish(nar, &listener, r, &err) == whole_r);
	if (r == 0)
		promised(listener.hash == whole.hash);
	return 0;
}
