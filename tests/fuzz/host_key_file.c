/* SPDX-License-Identifier: MIT */
/* A private host key (host_key_file): any text, or, after a first byte of 1, any binary key in
 * OpenSSH's frame. What is written into the guest is read in the same way again. */
#include "input/host_key_file.h"

#include "base/encoding.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

#define LINE_CHARS 70

/* PROTOCOL.key, "Overall format". */
static char *frame(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *base64 = must_realloc(NULL, BASE64_CHARS(size_bytes) + 1, 1);
	char *text = must_realloc(NULL, 2 * BASE64_CHARS(size_bytes) + 256, 1), *p = text;

	base64_encode(data, size_bytes, base64);
	p += sprintf(p, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	for (const char *line = base64; *line; line += strnlen(line, LINE_CHARS))
		p += sprintf(p, "%.*s\n", LINE_CHARS, line);
	sprintf(p, "-----END OPENSSH PRIVATE KEY-----\n");
	return text;
}

static void free_pair(struct host_key_pair *pair)
{
	free(pair->private_text);
	free(pair->public_text);
}

static void read_key(const char *text, size_t size_bytes)
{
	CLEANUP(free_pair) struct host_key_pair pair = { .private_text = NULL };
	CLEANUP(free_pair) struct host_key_pair again = { .private_text = NULL };
	struct error err = FUZZ_NO_ERROR;

	if (host_key_file_read("key", "ssh_host_ed25519_key", text, size_bytes, &pair, &err) < 0) {
		promised(fuzz_error_is_set(&err) && err.code == EXIT_NO_KEY);
		return;
	}
	promised(pair.public_bytes < strlen(pair.public_text));
	promised(host_key_file_read("key", pair.name, pair.private_text, strlen(pair.private_text),
			 &again, &err) == 0);
	promised(strcmp(pair.private_text, again.private_text) == 0);
	promised(strcmp(pair.public_text, again.public_text) == 0);
	promised(host_key_file_check_public(&pair, "key.pub", pair.public_text, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	if (size_bytes && data[0] == 1) {
		AUTO_FREE char *text = frame(data + 1, size_bytes - 1);

		read_key(text, strlen(text));
	} else {
		AUTO_FREE char *text = must_realloc(NULL, size_bytes + 1, 1);

		if (size_bytes)
			memcpy(text, data, size_bytes);
		text[size_bytes] = '\0';
		read_key(text, size_bytes);
	}
	return 0;
}
