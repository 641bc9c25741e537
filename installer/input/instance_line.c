/* SPDX-License-Identifier: MIT */
#include "input/instance_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/merge.h"
#include "input/credential.h"

#define SETTINGS    "gi:"
#define SOURCE	    "the serial number of SMBIOS"
#define NOCLOUD	    "ds=nocloud"
#define NOCLOUD_NET "ds=nocloud-net"

/* What follows the prefix, at the start of the line or behind a blank; NULL for none. */
static const char *find_word(const char *line, const char *prefix)
{
	for (const char *p = line; (p = strstr(p, prefix)); p++)
		if (p == line || p[-1] == ' ' || p[-1] == '\t')
			return p + strlen(prefix);
	return NULL;
}

void instance_line_merge(struct config *config, const char *serial)
{
	const char *text = find_word(serial, SETTINGS);

	while (text && *text) {
		size_t length = strcspn(text, ";");
		char assignment[MERGE_WORD_BYTES];

		snprintf(assignment, sizeof(assignment), "%.*s", (int)length, text);
		if (*text_trim(assignment))
			merge_option(config, SOURCE, text_trim(assignment));
		text += length + (text[length] == ';');
	}
}

/* The fields behind ds=nocloud, from the first semicolon on; NULL if there is no such word. */
static const char *find_nocloud(const char *line)
{
	const char *net = find_word(line, NOCLOUD_NET), *plain = find_word(line, NOCLOUD);
	const char *fields = net ? net : plain;

	return fields && *fields == ';' ? fields : NULL;
}

static bool is_nocloud_field(const char *text, size_t length, char field)
{
	const char *name = field == 'h' ? "local-hostname" : "seedfrom";

	return (length == 1 && *text == field) ||
	       (length == strlen(name) && strncmp(text, name, length) == 0);
}

bool instance_line_nocloud(const char *line, char field, char *ret, size_t ret_bytes)
{
	const char *text = find_nocloud(line);

	while (text && *text == ';') {
		size_t length = strcspn(++text, "; \t"), name = strcspn(text, "=; \t");

		if (name < length && is_nocloud_field(text, name, field)) {
			length -= name + 1;
			if (length >= ret_bytes)
				return false;
			memcpy(ret, text + name + 1, length);
			ret[length] = '\0';
			return length > 0;
		}
		text += length;
	}
	return false;
}

int instance_line_credential(const char *command_line, const char *name, size_t index, char **ret,
	size_t *ret_bytes, struct error *err)
{
	static const struct credential_syntax syntax = {
		"systemd.set_credential=", "systemd.set_credential_binary=", ':'
	};
	char word[MERGE_WORD_BYTES];

	while (merge_next_word(&command_line, word)) {
		bool base64;
		const char *value = credential_find(&syntax, word, name, &base64);

		if (!value || index-- > 0)
			continue;
		if (credential_decode(value, base64, ret, ret_bytes) < 0)
			return error_set_code(err, EXIT_NO_KEY, -EINVAL,
				"the credential %s on the kernel command line is not base64", name);
		return 1;
	}
	return 0;
}
