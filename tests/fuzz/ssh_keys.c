/* SPDX-License-Identifier: MIT */
/* Any text as a file of keys (ssh_keys, ssh_key_line, ssh_key_options). What is written into the
 * guest is read in the same way again. */
#include "input/ssh_keys.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct ssh_keys keys = { .count = 0 }, again = { .count = 0 };
	struct error err = FUZZ_NO_ERROR;

	if (ssh_keys_add(&keys, "ssh.pub", (const char *)data, size_bytes, &err) < 0) {
		promised(fuzz_error_is_set(&err) && err.code == EXIT_NO_KEY);
		promised(keys.count == 0);
		return 0;
	}
	AUTO_FREE char *text = ssh_keys_text(&keys);

	promised(!strchr(text, '\r'));
	promised(strncmp(text, "-----BEGIN", 10) != 0 && !strstr(text, "\n-----BEGIN"));
	for (size_t i = 0; i < keys.count; i++)
		for (size_t j = 0; j < i; j++)
			promised(strcmp(keys.lines[i], keys.lines[j]) != 0);
	promised(ssh_keys_add(&again, "authorized_keys", text, strlen(text), &err) == 0);
	AUTO_FREE char *text_again = ssh_keys_text(&again);

	promised(strcmp(text, text_again) == 0);
	ssh_keys_free(&keys);
	ssh_keys_free(&again);
	return 0;
}
