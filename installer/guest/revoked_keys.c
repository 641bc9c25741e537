/* SPDX-License-Identifier: MIT */
#include "guest/revoked_keys.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define KRL_MAGIC      "SSHKRL\n" /* and a NUL, as the size of the literal has it */
#define FILE_MAX_BYTES (16 * 1024 * 1024)

static bool starts_with_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	*text += strspn(*text, " \t");
	if (strncmp(*text, word, length) != 0 || !strchr(" \t\r", (*text)[length]))
		return false;
	*text += length;
	return true;
}

/* Whether a line begins with the type and the blob of the key. Cuts the text into lines. */
static bool list_has(char *text, const struct ssh_key_line *key)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *rest = line;

		if (starts_with_word(&rest, key->type) && starts_with_word(&rest, key->blob))
			return true;
	}
	return false;
}

int revoked_keys_check(const struct chroot_session *session, const char *system,
	const struct sshd_program *program, const char *file, const struct ssh_key_line *key,
	struct error *err)
{
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	int r = file_read_inside(session->root, file, FILE_MAX_BYTES, &text, &size_bytes, err);

	if (r < 0) {
		error_wrap(err, "it cannot be read");
		return -EKEYREVOKED;
	}
	if (size_bytes >= sizeof(KRL_MAGIC) && memcmp(text, KRL_MAGIC, sizeof(KRL_MAGIC)) == 0) {
		r = sshd_run_query_revoked(session, system, program, file, key, err);
		return r < 0 ? -EKEYREVOKED : 0;
	}
	if (list_has(text, key))
		return error_set(err, -EKEYREVOKED, "it lists the key");
	return 0;
}
