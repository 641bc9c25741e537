/* SPDX-License-Identifier: MIT */
#include "input/instance_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "base/text.h"
#include "config/merge.h"

#define SETTINGS	  "gi:"
#define SOURCE		  "the serial number of SMBIOS"
#define NOCLOUD		  "ds=nocloud"
#define NOCLOUD_NET	  "ds=nocloud-net"
#define CREDENTIAL	  "systemd.set_credential="
#define CREDENTIAL_BASE64 "systemd.set_credential_binary="

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

/* What follows prefix, name and ':', or NULL. */
static const char *credential_value(const char *word, const char *prefix, const char *name)
{
	size_t prefix_length = strlen(prefix), name_length = strlen(name);

	if (strncmp(word, prefix, prefix_length) != 0)
		return NULL;
	word += prefix_length;
	if (strncmp(word, name, name_length) != 0 || word[name_length] != ':')
		return NULL;
	return word + name_length + 1;
}

static int decode(const char *value, bool base64, const char *name, char **ret, size_t *ret_bytes,
	struct error *err)
{
	size_t length = strlen(value);
	size_t size = base64 ? base64_decoded_bytes(value, length) : length;
	AUTO_FREE char *text = must_realloc(NULL, size + 1, 1);

	if (!base64)
		memcpy(text, value, size);
	else if (base64_decode(value, length, (uint8_t *)text, size) < 0)
		return error_set_code(err, EXIT_NO_KEY, -EINVAL,
			"the credential %s on the kernel command line is not base64", name);
	text[size] = '\0';
	*ret = text;
	*ret_bytes = size;
	text = NULL;
	return 1;
}

int instance_line_credential(const char *command_line, const char *name, size_t index, char **ret,
	size_t *ret_bytes, struct error *err)
{
	char word[MERGE_WORD_BYTES];

	while (merge_next_word(&command_line, word)) {
		const char *plain = credential_value(word, CREDENTIAL, name);
		const char *base64 = credential_value(word, CREDENTIAL_BASE64, name);

		if ((plain || base64) && index-- == 0)
			return decode(
				plain ? plain : base64, base64 != NULL, name, ret, ret_bytes, err);
	}
	return 0;
}
