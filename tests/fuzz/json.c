/* SPDX-License-Identifier: MIT */
/* Any text as JSON. What is read is the same after it was written. */
#include "base/json.h"
#include "fuzz.h"

static int note(const char *path, const char *value, void *userdata, struct error *err)
{
	uint64_t *hash = userdata;

	(void)err;
	promised(strlen(path) < JSON_PATH_BYTES);
	*hash = fuzz_hash(*hash, path, strlen(path) + 1);
	*hash = fuzz_hash(*hash, value ? value : "", value ? strlen(value) + 1 : 0);
	return 0;
}

static void check_writing(const char *text, size_t size_bytes, uint64_t hash)
{
	CLEANUP(json_free) struct json_document *document = NULL;
	AUTO_FREE char *indented = NULL, *line = NULL;
	struct error err = FUZZ_NO_ERROR;
	struct json_value root;
	uint64_t again = 0;

	promised(json_parse(text, size_bytes, &document, &root, &err) == 0);
	indented = json_text(document);
	line = json_line(document);
	promised(!strchr(line, '\n') || strchr(line, '\n')[1] == '\0');
	promised(json_walk(line, strlen(line), note, &again, &err) == 0 && again == hash);
	again = 0;
	promised(json_walk(indented, strlen(indented), note, &again, &err) == 0 && again == hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	uint64_t hash = 0;

	if (json_walk(text, size_bytes, note, &hash, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
	else
		check_writing(text, size_bytes, hash);
	return 0;
}
