/* SPDX-License-Identifier: MIT */
#include "input/host_key_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "input/ssh_key_line.h"
#include "input/ssh_wire.h"

#define BEGIN	    "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END	    "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC	    "openssh-key-v1" /* with its NUL */
#define LINE_CHARS  70		     /* of base64, as ssh-keygen wraps it */
#define STRINGS_MAX 6
#define NAME_START  "ssh_host_"
#define NAME_END    "_key"
#define PUBLIC_END  ".pub"
#define TYPE_CHARS  40
#define COMMENT_MAX 255

/* The types of host keys, and how their strings in the private part make the public one. */
static const struct key_kind {
	const char *type, *name;
	unsigned strings;   /* of the private part, behind the type's name */
	unsigned public[3]; /* which of them make the public part, from 1; 0 ends the list */
} kinds[] = {
	{ "ssh-ed25519", "ssh_host_ed25519_key", 2, { 1, 0 } },
	{ "ssh-rsa", "ssh_host_rsa_key", 6, { 2, 1, 0 } },
	{ "ecdsa-sha2-nistp256", "ssh_host_ecdsa_key", 3, { 1, 2, 0 } },
	{ "ecdsa-sha2-nistp384", "ssh_host_ecdsa_key", 3, { 1, 2, 0 } },
	{ "ecdsa-sha2-nistp521", "ssh_host_ecdsa_key", 3, { 1, 2, 0 } },
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct bytes {
	const uint8_t *data;
	size_t size_bytes;
};

static int refuse_host_key(struct error *err, const char *place, const char *what)
{
	return error_set_code(err, EXIT_NO_KEY, -EINVAL, "The host key %s %s", place, what);
}

static int refuse_damaged(struct error *err, const char *place)
{
	return refuse_host_key(
		err, place, "is damaged or cut off: copy it again, or make it with ssh-keygen.");
}

static int refuse_encrypted(struct error *err, const char *place)
{
	return refuse_host_key(err, place,
		"is encrypted with a passphrase, for which no SSH server asks: remove it with ssh-keygen -p -N '' -f FILE.");
}

enum host_key_part host_key_file_part(const char *name)
{
	size_t length = strlen(name), start = strlen(NAME_START);
	bool public = false;

	if (strncasecmp(name, NAME_START, start) != 0)
		return HOST_KEY_OTHER;
	if (length > strlen(PUBLIC_END) &&
		strcasecmp(name + length - strlen(PUBLIC_END), PUBLIC_END) == 0) {
		public = true;
		length -= strlen(PUBLIC_END);
	}
	if (length <= start + strlen(NAME_END) || length >= HOST_KEY_NAME_BYTES ||
		strncasecmp(name + length - strlen(NAME_END), NAME_END, strlen(NAME_END)) != 0)
		return HOST_KEY_OTHER;
	for (size_t i = start; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_-", name[i]))
			return HOST_KEY_OTHER;
	return public ? HOST_KEY_PUBLIC : HOST_KEY_PRIVATE;
}

/* ------------------------------------------------------------------- other forms */

/* What a file that is no private key of OpenSSH is instead. */
static int refuse_form(const char *place, const char *text, struct error *err)
{
	AUTO_FREE char *line = strndup(text, strcspn(text, "\r\n"));
	struct ssh_key_line key;
	struct error none;

	if (!line)
		abort();
	if (text[strspn(text, " \t\r\n")] == '\0')
		return refuse_host_key(err, place, "is empty.");
	if (strstr(text, "ENCRYPTED"))
		return refuse_encrypted(err, place);
	if (strstr(text, "PRIVATE KEY-----"))
		return refuse_host_key(err, place,
			"is a private key in PEM form: convert it with ssh-keygen -p -N '' -f FILE.");
	if (text_starts_with(text, "PuTTY-User-Key-File"))
		return refuse_host_key(err, place,
			"is a private key of PuTTY: convert it with puttygen FILE -O private-openssh-new.");
	if (ssh_key_line_parse(line, &key, &none) == 0)
		return refuse_host_key(err, place,
			"is a public key: give the private key, whose file has no .pub.");
	return refuse_host_key(err, place,
		"is no private key of OpenSSH: give the file that ssh-keygen made, which begins with " BEGIN
		".");
}

/* ------------------------------------------------------------------- the binary form */

static bool is_same(struct bytes a, struct bytes b)
{
	return a.size_bytes == b.size_bytes && memcmp(a.data, b.data, a.size_bytes) == 0;
}

static bool is_text(struct bytes bytes, const char *text)
{
	return bytes.size_bytes == strlen(text) && memcmp(bytes.data, text, bytes.size_bytes) == 0;
}

static int take(struct bytes *from, struct bytes *ret)
{
	return ssh_wire_take_string(&from->data, &from->size_bytes, &ret->data, &ret->size_bytes);
}

static const struct key_kind *find_kind(struct bytes type)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (is_text(type, kinds[i].type))
			return &kinds[i];
	return NULL;
}

static int refuse_unknown_type(const char *place, struct bytes type, struct error *err)
{
	char shown[TYPE_CHARS + 1];

	snprintf(shown, sizeof(shown), "%.*s",
		type.size_bytes > TYPE_CHARS ? TYPE_CHARS : (int)type.size_bytes,
		(const char *)type.data);
	text_sanitize(shown);
	return error_set_code(err, EXIT_NO_KEY, -EINVAL,
		"The host key %s has the type \"%s\", with which an SSH server cannot identify itself: make one of type ed25519, rsa or ecdsa.",
		place, shown);
}

/* The key behind the magic, before anything is decrypted. */
static int take_envelope(const char *place, struct bytes *rest, struct bytes *ret_public,
	struct bytes *ret_private, struct error *err)
{
	struct bytes cipher, function, options;
	uint32_t count;

	if (rest->size_bytes < sizeof(MAGIC) || memcmp(rest->data, MAGIC, sizeof(MAGIC)) != 0)
		return refuse_damaged(err, place);
	rest->data += sizeof(MAGIC);
	rest->size_bytes -= sizeof(MAGIC);
	if (take(rest, &cipher) < 0 || take(rest, &function) < 0 || take(rest, &options) < 0)
		return refuse_damaged(err, place);
	if (!is_text(cipher, "none") || !is_text(function, "none"))
		return refuse_encrypted(err, place);
	if (ssh_wire_take_uint32(&rest->data, &rest->size_bytes, &count) < 0 || count != 1 ||
		take(rest, ret_public) < 0 || take(rest, ret_private) < 0 || rest->size_bytes)
		return refuse_damaged(err, place);
	return 0;
}

/* The private part repeats the public one: both have to be the same key. */
static int compare_parts(const struct key_kind *kind, struct bytes public_key,
	const struct bytes strings[STRINGS_MAX])
{
	struct bytes found;

	if (take(&public_key, &found) < 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(kind->public) / sizeof(kind->public[0]) && kind->public[i];
		i++)
		if (take(&public_key, &found) < 0 || !is_same(found, strings[kind->public[i] - 1]))
			return -EINVAL;
	return public_key.size_bytes ? -EINVAL : 0;
}

/* RFC 8032: the private part of ed25519 is the private key and the public key that follows from
 * it. */
static int check_numbers(const struct key_kind *kind, const struct bytes strings[STRINGS_MAX])
{
	uint8_t public_key[ED25519_KEY_BYTES];

	if (kind != &kinds[0])
		return 0;
	if (strings[0].size_bytes != ED25519_KEY_BYTES ||
		strings[1].size_bytes != 2 * ED25519_KEY_BYTES)
		return -EINVAL;
	digest_ed25519_public(strings[1].data, public_key);
	return memcmp(public_key, strings[0].data, sizeof(public_key)) == 0 &&
			       memcmp(public_key, strings[1].data + ED25519_KEY_BYTES,
				       sizeof(public_key)) == 0
		       ? 0
		       : -EINVAL;
}

/* PROTOCOL.key: two equal numbers, the key, its comment, and the bytes 1, 2, 3… up to a block. */
static int take_private(struct bytes private_part, struct bytes public_key,
	const struct key_kind *kind, struct bytes *ret_comment)
{
	struct bytes type, strings[STRINGS_MAX];
	uint32_t one, other;

	if (ssh_wire_take_uint32(&private_part.data, &private_part.size_bytes, &one) < 0 ||
		ssh_wire_take_uint32(&private_part.data, &private_part.size_bytes, &other) < 0 ||
		one != other || take(&private_part, &type) < 0 || !is_text(type, kind->type))
		return -EINVAL;
	for (unsigned i = 0; i < kind->strings; i++)
		if (take(&private_part, &strings[i]) < 0)
			return -EINVAL;
	if (take(&private_part, ret_comment) < 0 || check_numbers(kind, strings) < 0)
		return -EINVAL;
	for (size_t i = 0; i < private_part.size_bytes; i++)
		if (private_part.data[i] != (uint8_t)(i + 1))
			return -EINVAL;
	return compare_parts(kind, public_key, strings);
}

/* ------------------------------------------------------------------- the text */

/* The base64 text between the two lines, without white space; NULL if a line is missing. */
static char *take_armour(const char *text)
{
	const char *start = text + strlen(BEGIN), *end = strstr(start, END);
	char *ret, *to;

	if (!end)
		return NULL;
	ret = to = must_realloc(NULL, (size_t)(end - start) + 1, 1);
	for (; start < end; start++)
		if (!strchr(" \t\r\n", *start))
			*to++ = *start;
	*to = '\0';
	return ret;
}

static char *make_private_text(const char *base64)
{
	size_t length = strlen(base64);
	char *ret = must_realloc(
		NULL, length + length / LINE_CHARS + 1 + sizeof(BEGIN) + sizeof(END) + 2, 1);
	char *end = stpcpy(ret, BEGIN "\n");

	for (size_t at = 0; at < length; at += LINE_CHARS)
		end += sprintf(end, "%.*s\n", LINE_CHARS, base64 + at);
	strcpy(end, END "\n");
	return ret;
}

/* A comment that a line of a file can have. */
static bool is_comment(struct bytes comment)
{
	if (comment.size_bytes == 0 || comment.size_bytes > COMMENT_MAX)
		return false;
	for (size_t i = 0; i < comment.size_bytes; i++)
		if (!isprint(comment.data[i]))
			return false;
	return true;
}

static void set_public_text(struct host_key_pair *pair, const struct key_kind *kind,
	struct bytes public_key, struct bytes comment)
{
	AUTO_FREE char *base64 = must_realloc(NULL, BASE64_CHARS(public_key.size_bytes) + 1, 1);
	bool shown = is_comment(comment);

	base64_encode(public_key.data, public_key.size_bytes, base64);
	pair->public_bytes = strlen(kind->type) + 1 + strlen(base64);
	if (asprintf(&pair->public_text, "%s %s%s%.*s\n", kind->type, base64, shown ? " " : "",
		    shown ? (int)comment.size_bytes : 0, (const char *)comment.data) < 0)
		abort();
}

/* The usual names belong to one type each: sops-nix and agenix expect it there. */
static int set_name(struct host_key_pair *pair, const char *place, const char *name,
	const struct key_kind *kind, struct error *err)
{
	bool known = false;

	snprintf(pair->name, sizeof(pair->name), "%s", kind->name);
	if (host_key_file_part(name) != HOST_KEY_PRIVATE)
		return 0;
	for (size_t i = 0; i < KIND_COUNT; i++)
		known |= strcasecmp(name, kinds[i].name) == 0;
	if (known && strcasecmp(name, kind->name) != 0)
		return error_set_code(err, EXIT_NO_KEY, -EINVAL,
			"The host key %s has the type %s: name its file %s.", place, kind->type,
			kind->name);
	snprintf(pair->name, sizeof(pair->name), "%s", name);
	text_lower(pair->name);
	return 0;
}

/* The public key as sshd would read it: a modulus that is too small, a point that is none. */
static int check_public_key(const struct host_key_pair *pair, const char *place, struct error *err)
{
	AUTO_FREE char *line = strndup(pair->public_text, pair->public_bytes);
	struct ssh_key_line key;
	struct error why = { 0 };

	if (!line)
		abort();
	if (ssh_key_line_parse(line, &key, &why) < 0)
		return error_set_code(
			err, EXIT_NO_KEY, -EINVAL, "The host key %s %s.", place, why.text);
	return 0;
}

static int read_binary(const char *place, const char *name, struct bytes whole,
	struct host_key_pair *pair, struct error *err)
{
	struct bytes public_key, private_part, type, comment, rest;
	const struct key_kind *kind;
	int r = take_envelope(place, &whole, &public_key, &private_part, err);

	if (r < 0)
		return r;
	rest = public_key;
	if (take(&rest, &type) < 0)
		return refuse_damaged(err, place);
	kind = find_kind(type);
	if (!kind)
		return refuse_unknown_type(place, type, err);
	if (take_private(private_part, public_key, kind, &comment) < 0)
		return refuse_damaged(err, place);
	r = set_name(pair, place, name, kind, err);
	if (r < 0)
		return r;
	set_public_text(pair, kind, public_key, comment);
	return check_public_key(pair, place, err);
}

int host_key_file_read(const char *place, const char *name, const char *text, size_t size_bytes,
	struct host_key_pair *ret, struct error *err)
{
	AUTO_FREE char *base64 = NULL;
	AUTO_FREE uint8_t *bytes = NULL;
	struct host_key_pair pair = { .name = "" };
	size_t size;
	int r;

	if (strlen(text) != size_bytes)
		return refuse_host_key(err, place, "has a NUL byte, so it is no text of a key.");
	text += text_bom_bytes(text, size_bytes);
	text += strspn(text, " \t\r\n");
	if (!text_starts_with(text, BEGIN))
		return refuse_form(place, text, err);
	base64 = take_armour(text);
	if (!base64)
		return refuse_damaged(err, place);
	size = base64_decoded_bytes(base64, strlen(base64));
	bytes = must_realloc(NULL, size, 1);
	if (base64_decode(base64, strlen(base64), bytes, size) < 0)
		return refuse_damaged(err, place);
	r = read_binary(place, name, (struct bytes){ bytes, size }, &pair, err);
	if (r < 0) {
		free(pair.public_text);
		return r;
	}
	pair.private_text = make_private_text(base64);
	*ret = pair;
	return 0;
}

int host_key_file_check_public(
	const struct host_key_pair *pair, const char *place, const char *text, struct error *err)
{
	AUTO_FREE char *line = strdup(text + text_bom_bytes(text, strlen(text)));
	char *start, *shown = NULL;
	struct ssh_key_line key;
	struct error none;
	bool same;

	if (!line)
		abort();
	start = text_trim(line);
	start[strcspn(start, "\r\n")] = '\0';
	same = ssh_key_line_parse(start, &key, &none) == 0 &&
	       asprintf(&shown, "%s %s", key.type, key.blob) > 0 &&
	       strlen(shown) == pair->public_bytes &&
	       strncmp(shown, pair->public_text, pair->public_bytes) == 0;
	free(shown);
	if (same)
		return 0;
	return error_set_code(err, EXIT_NO_KEY, -EINVAL,
		"%s is not the public key of %s: leave it out, and it is derived.", place,
		pair->name);
}

const struct host_key_pair *host_key_file_find(
	const struct given_host_keys *given, const char *name)
{
	for (size_t i = 0; given && i < given->count; i++)
		if (strcmp(given->pairs[i].name, name) == 0)
			return &given->pairs[i];
	return NULL;
}
