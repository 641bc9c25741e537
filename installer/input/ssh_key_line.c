/* SPDX-License-Identifier: MIT */
#include "input/ssh_key_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "input/ssh_key_options.h"
#include "input/ssh_wire.h"

#define CERTIFICATE_MARK "-cert-v"
#define RSA_MIN_BITS	 1024 /* sshd's default RequiredRSASize */
#define RSA_MAX_BITS	 16384
#define TYPE_MAX_BYTES	 64 /* of a name; OpenSSH's longest has 41 */
#define ANY_LENGTH	 0

/* A key's type, and how many strings its blob has, the type's name included. */
struct key_type {
	const char *name;
	unsigned strings;
	unsigned key_bytes; /* of the second string, or ANY_LENGTH */
	const char *curve;  /* ECDSA: the second string; the third is a point on it */
};

static const struct key_type types[] = {
	{ "ssh-ed25519", 2, 32, NULL },
	{ "ssh-rsa", 3, ANY_LENGTH, NULL },
	{ "ecdsa-sha2-nistp256", 3, 8, "nistp256" },
	{ "ecdsa-sha2-nistp384", 3, 8, "nistp384" },
	{ "ecdsa-sha2-nistp521", 3, 8, "nistp521" },
	{ "sk-ssh-ed25519@openssh.com", 3, 32, NULL },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", 4, 8, "nistp256" },
	{ "ssh-mldsa44-ed25519@openssh.com", 2, 1312 + 32, NULL },
};

static int refuse_key(struct error *err, const char *what)
{
	return error_set_code(err, EXIT_NO_KEY, -EINVAL, "%s", what);
}

static const struct key_type *find_type(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == length && memcmp(types[i].name, text, length) == 0)
			return &types[i];
	return NULL;
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

/* An RSA key's strings: exponent and modulus, both positive (RFC 4251, section 5, mpint). */
static int check_number(const uint8_t *number, size_t size_bytes, struct error *err)
{
	if (size_bytes == 0 || number[0] & 0x80)
		return refuse_key(err, "has an RSA key with a number that is not positive");
	return 0;
}

static int check_modulus(
	const uint8_t *number, size_t size_bytes, struct ssh_key_line *line, struct error *err)
{
	line->rsa_bits = count_bits(number, size_bytes);
	if (line->rsa_bits < RSA_MIN_BITS)
		return refuse_key(
			err, "is an RSA key of less than 1024 bits, which SSH servers refuse");
	if (line->rsa_bits > RSA_MAX_BITS)
		return refuse_key(
			err, "is an RSA key of more than 16384 bits, which SSH servers refuse");
	return 0;
}

/* The string with this index, 1 being the first behind the type's name. */
static int check_string(const struct key_type *type, unsigned index, const uint8_t *string,
	size_t length, struct ssh_key_line *line, struct error *err)
{
	bool rsa = strcmp(type->name, "ssh-rsa") == 0;
	int r = rsa ? check_number(string, length, err) : 0;

	if (r < 0)
		return r;
	if (rsa && index == 2)
		return check_modulus(string, length, line, err);
	if (index == 1 && type->key_bytes != ANY_LENGTH && length < type->key_bytes)
		return refuse_key(err, "has a key that is too short for its type");
	if (index == 1 && type->key_bytes != ANY_LENGTH && length > type->key_bytes)
		return refuse_key(err, "has a key that is too long for its type");
	if (index == 1 && type->curve && memcmp(string, type->curve, length) != 0)
		return refuse_key(err, "has a key on another curve than its type says");
	if (index == 2 && type->curve && !digest_is_curve_point(type->curve, string, length))
		return refuse_key(err, "has a damaged key: it is no point on its curve");
	return 0;
}

/* The strings behind the type's name: as many as the type has, and nothing after them. */
static int check_strings(const struct key_type *type, const uint8_t *blob, size_t left,
	struct ssh_key_line *line, struct error *err)
{
	for (unsigned i = 1; i < type->strings; i++) {
		const uint8_t *string = NULL;
		size_t length = 0;
		int r = -EINVAL;

		if (ssh_wire_take_string(&blob, &left, &string, &length) == 0)
			r = check_string(type, i, string, length, line, err);
		else
			refuse_key(err, "has a key that is cut off");
		if (r < 0)
			return r;
	}
	return left ? refuse_key(err, "has a key with bytes after its end") : 0;
}

/* Decodes base64 of length characters; the caller frees the blob. */
static int decode_blob(
	const char *text, size_t length, uint8_t **ret, size_t *ret_bytes, struct error *err)
{
	size_t padding = length - strcspn(text, "= \t");
	AUTO_FREE uint8_t *blob = NULL;
	size_t size;

	if (length < 4 || length % 4 || padding > 2)
		return refuse_key(err, "has a key that is cut off or is not base64");
	size = length / 4 * 3 - padding;
	blob = must_realloc(NULL, size, 1);
	if (base64_decode(text, length, blob, size) < 0)
		return refuse_key(err, "has a key that is not base64");
	*ret = blob;
	*ret_bytes = size;
	blob = NULL;
	return 0;
}

/* A type that is none of ours is taken if the blob has its name: newer servers know more types. */
static int check_blob(struct ssh_key_line *line, struct error *err)
{
	const struct key_type *type = find_type(line->type, strlen(line->type));
	AUTO_FREE uint8_t *blob = NULL;
	const uint8_t *rest, *name;
	size_t left, name_bytes;
	int r = decode_blob(line->blob, strlen(line->blob), &blob, &left, err);

	if (r < 0)
		return r;
	rest = blob;
	if (ssh_wire_take_string(&rest, &left, &name, &name_bytes) < 0)
		return refuse_key(err, "has a key that is cut off");
	if (name_bytes != strlen(line->type) || memcmp(name, line->type, name_bytes) != 0)
		return error_set_code(err, EXIT_NO_KEY, -EINVAL,
			"has a key of another type than the %s it says", line->type);
	line->known_type = type != NULL;
	return type ? check_strings(type, rest, left, line, err) : 0;
}

/* Whether a key begins at text: a known type, or one that the blob behind it names, too. */
static bool begins_key(const char *text)
{
	size_t length = strcspn(text, " \t"), left, name_bytes;
	const char *base64 = text + length + strspn(text + length, " \t");
	AUTO_FREE uint8_t *blob = NULL;
	const uint8_t *rest, *name;
	struct error ignored;

	if (find_type(text, length))
		return true;
	if (length == 0 || length > TYPE_MAX_BYTES ||
		decode_blob(base64, strcspn(base64, " \t"), &blob, &left, &ignored) < 0)
		return false;
	rest = blob;
	return ssh_wire_take_string(&rest, &left, &name, &name_bytes) == 0 &&
	       name_bytes == length && memcmp(name, text, length) == 0;
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

/* The options of a line that does not begin with a key, which then follows them. */
static int take_options(char **text, struct ssh_key_line *line, struct error *err)
{
	struct ssh_key_options options;
	char *end = end_of_options(*text);
	int r;

	if (!end)
		return refuse_key(err, "has an option whose quote is not closed");
	if (!*end)
		return refuse_type(err, *text, strlen(*text));
	line->options = *text;
	*end++ = '\0';
	*text = end + strspn(end, " \t");
	if (!begins_key(*text))
		return refuse_type(err, *text, strcspn(*text, " \t"));
	r = ssh_key_options_parse(line->options, &options, err);
	if (r < 0)
		return r;
	line->authority = options.authority;
	line->forced_command = options.forced_command;
	line->local_only = options.local_only;
	line->expires = options.expires;
	return 0;
}

/* Of a text that begins with a key. */
static bool is_certificate(const char *text)
{
	return memmem(text, strcspn(text, " \t"), CERTIFICATE_MARK, strlen(CERTIFICATE_MARK));
}

int ssh_key_line_parse(char *text, struct ssh_key_line *ret, struct error *err)
{
	struct ssh_key_line line = { .options = text + strlen(text) };
	int r = 0;

	if (!begins_key(text)) {
		if (text_starts_with(text, "ssh-") || text_starts_with(text, "ecdsa-"))
			return refuse_type(err, text, strcspn(text, " \t"));
		r = take_options(&text, &line, err);
	}
	if (r < 0)
		return r;
	if (text_starts_with(text, "ssh-dss"))
		return refuse_type(err, text, 7);
	if (is_certificate(text))
		return error_set_code(err, EXIT_NO_KEY, -EKEYREJECTED,
			"is a certificate, which SSH servers do not take from authorized_keys: give the public key itself, whose file has no -cert in its name");
	line.type = take_key_word(&text);
	line.blob = take_key_word(&text);
	line.comment = text;
	r = check_blob(&line, err);
	if (r < 0)
		return r;
	*ret = line;
	return 0;
}
