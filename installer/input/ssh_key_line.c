/* SPDX-License-Identifier: MIT */
#include "input/ssh_key_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/encoding.h"

#define CERTIFICATE_SUFFIX "-cert-v01@openssh.com"
#define RSA_MIN_BITS	   1024 /* sshd's default RequiredRSASize */

/* A key's type, and how many strings its blob has, the type's name included. */
static const struct {
	const char *name;
	unsigned strings;
	unsigned min_string_bytes; /* of the second string: the key proper, or a curve's name */
} types[] = {
	{ "ssh-ed25519", 2, 32 },
	{ "ssh-rsa", 3, 1 },
	{ "ecdsa-sha2-nistp256", 3, 8 },
	{ "ecdsa-sha2-nistp384", 3, 8 },
	{ "ecdsa-sha2-nistp521", 3, 8 },
	{ "sk-ssh-ed25519@openssh.com", 3, 32 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", 4, 8 },
};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* Every option that sshd knows; one that it does not know makes it ignore the line. */
static const char *const options[] = { "agent-forwarding", "cert-authority",
	"command=", "environment=", "expiry-time=", "from=", "no-agent-forwarding",
	"no-port-forwarding", "no-pty", "no-touch-required", "no-user-rc", "no-x11-forwarding",
	"permitlisten=", "permitopen=", "port-forwarding", "principals=", "pty", "restrict",
	"tunnel=", "user-rc", "verify-required", "x11-forwarding", NULL };

static int refuse_key(struct error *err, const char *what)
{
	return error_set_code(err, EXIT_NO_KEY, -EINVAL, "%s", what);
}

/* The row of a type whose name is the first length bytes of text (certificates of it too), or
 * TYPE_COUNT. A certificate's type is "ssh-ed25519-cert-v01@openssh.com", and for security keys
 * the suffix takes the place of "@openssh.com". */
static size_t find_type(const char *text, size_t length, bool *ret_certificate)
{
	size_t suffix = strlen(CERTIFICATE_SUFFIX);

	*ret_certificate = length > suffix &&
			   memcmp(text + length - suffix, CERTIFICATE_SUFFIX, suffix) == 0;
	if (*ret_certificate)
		length -= suffix;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const char *name = types[i].name;
		size_t name_length = *ret_certificate ? strcspn(name, "@") : strlen(name);

		if (name_length == length && memcmp(name, text, length) == 0)
			return i;
	}
	return TYPE_COUNT;
}

static int refuse_type(struct error *err, const char *text, size_t length)
{
	if (length >= 7 && memcmp(text, "ssh-dss", 7) == 0)
		return refuse_key(err, "is a DSA key (ssh-dss), which SSH servers no longer take");
	return error_set_code(err, EXIT_NO_KEY, -EINVAL,
		"has no key type that an SSH server takes where \"%.*s\" stands",
		length > 40 ? 40 : (int)length, text);
}

/* The end of the options: the first blank that is not between quotes (\" is no quote). NULL if a
 * quote is left open. */
static char *end_of_options(char *text)
{
	bool quoted = false;

	for (; *text && (quoted || (*text != ' ' && *text != '\t')); text++) {
		if (*text == '\\' && text[1] == '"')
			text++;
		else if (*text == '"')
			quoted = !quoted;
	}
	return quoted ? NULL : text;
}

/* Whether one option, of length bytes, is one that sshd knows, with a quoted value if it takes
 * one. */
static bool is_option(const char *text, size_t length)
{
	for (size_t i = 0; options[i]; i++) {
		size_t name = strlen(options[i]);

		if (length < name || strncasecmp(text, options[i], name) != 0)
			continue;
		if (options[i][name - 1] != '=')
			return length == name;
		return length >= name + 2 && text[name] == '"' && text[length - 1] == '"';
	}
	return false;
}

static int check_options(const char *text, struct error *err)
{
	while (*text) {
		bool quoted = false;
		size_t length = 0;

		for (; text[length] && (quoted || text[length] != ','); length++) {
			if (text[length] == '\\' && text[length + 1] == '"')
				length++;
			else if (text[length] == '"')
				quoted = !quoted;
		}
		if (!is_option(text, length))
			return error_set_code(err, EXIT_NO_KEY, -EINVAL,
				"has an option that SSH servers do not know: \"%.*s\"",
				length > 40 ? 40 : (int)length, text);
		text += length;
		if (*text == ',' && !*++text)
			return refuse_key(err, "has a comma after its last option");
	}
	return 0;
}

/* One string of a blob (RFC 4251, section 5): its bytes, and the blob moves on behind it. */
static int take_string(const uint8_t **blob, size_t *left, const uint8_t **ret, size_t *ret_bytes)
{
	const uint8_t *p = *blob;
	size_t length;

	if (*left < 4)
		return -EINVAL;
	length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (length > *left - 4)
		return -EINVAL;
	*ret = p + 4;
	*ret_bytes = length;
	*blob += 4 + length;
	*left -= 4 + length;
	return 0;
}

static unsigned count_bits(const uint8_t *number, size_t size_bytes)
{
	unsigned bits;

	while (size_bytes && !*number) {
		number++;
		size_bytes--;
	}
	if (!size_bytes)
		return 0;
	for (bits = 8; !(*number >> (bits - 1)); bits--)
		;
	return bits + 8 * (unsigned)(size_bytes - 1);
}

/* The strings behind the type's name: as many as the type has, and nothing after them. */
static int check_strings(size_t type, const uint8_t *blob, size_t left, struct error *err)
{
	const uint8_t *string = NULL;
	size_t length = 0;

	for (unsigned i = 1; i < types[type].strings; i++) {
		if (take_string(&blob, &left, &string, &length) < 0)
			return refuse_key(err, "has a key that is cut off");
		if (i == 1 && length < types[type].min_string_bytes)
			return refuse_key(err, "has a key that is too short for its type");
	}
	if (left)
		return refuse_key(err, "has a key with bytes after its end");
	/* An RSA key's last string is its modulus. */
	if (strcmp(types[type].name, "ssh-rsa") == 0 && count_bits(string, length) < RSA_MIN_BITS)
		return refuse_key(
			err, "is an RSA key of less than 1024 bits, which SSH servers refuse");
	return 0;
}

static int check_blob(
	size_t type, bool certificate, const struct ssh_key_line *line, struct error *err)
{
	size_t length = strlen(line->blob);
	size_t padding = length - strcspn(line->blob, "=");
	size_t left = length / 4 * 3 - padding;
	AUTO_FREE uint8_t *blob = NULL;
	const uint8_t *rest, *name;
	size_t name_bytes;

	if (length < 4 || length % 4 || padding > 2)
		return refuse_key(err, "has a key that is cut off or is not base64");
	blob = must_realloc(NULL, left, 1);
	if (base64_decode(line->blob, length, blob, left) < 0)
		return refuse_key(err, "has a key that is not base64");
	rest = blob;
	if (take_string(&rest, &left, &name, &name_bytes) < 0)
		return refuse_key(err, "has a key that is cut off");
	if (name_bytes != strlen(line->type) || memcmp(name, line->type, name_bytes) != 0)
		return error_set_code(err, EXIT_NO_KEY, -EINVAL,
			"has a key of another type than the %s it says", line->type);
	/* A certificate has more parts; sshd checks it against its authority anyway. */
	return certificate ? 0 : check_strings(type, rest, left, err);
}

/* Cuts off the first word and moves on to the next. */
static char *take_key_word(char **text)
{
	char *word = *text;

	*text += strcspn(*text, " \t");
	if (**text)
		*(*text)++ = '\0';
	*text += strspn(*text, " \t");
	return word;
}

static int take_options(char **text, struct ssh_key_line *line, struct error *err)
{
	char *end = end_of_options(*text);

	if (!end)
		return refuse_key(err, "has an option whose quote is not closed");
	if (!*end)
		return refuse_type(err, *text, strlen(*text));
	line->options = *text;
	*end++ = '\0';
	*text = end + strspn(end, " \t");
	return 0;
}

int ssh_key_line_parse(char *text, struct ssh_key_line *ret, struct error *err)
{
	struct ssh_key_line line = { .options = text + strlen(text) };
	bool certificate;
	size_t length = strcspn(text, " \t");
	size_t type = find_type(text, length, &certificate);
	int r;

	if (type == TYPE_COUNT) {
		if (strncmp(text, "ssh-", 4) == 0 || strncmp(text, "ecdsa-", 6) == 0)
			return refuse_type(err, text, length);
		r = take_options(&text, &line, err);
		if (r < 0)
			return r;
		length = strcspn(text, " \t");
		type = find_type(text, length, &certificate);
		if (type == TYPE_COUNT)
			return refuse_type(err, text, length);
		r = check_options(line.options, err);
		if (r < 0)
			return r;
	}
	line.type = take_key_word(&text);
	line.blob = take_key_word(&text);
	line.comment = text;
	r = check_blob(type, certificate, &line, err);
	if (r == 0)
		*ret = line;
	return r;
}
