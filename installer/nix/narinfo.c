/* SPDX-License-Identifier: MIT */
/*
 * Lines "Field: value". Read are StorePath, URL, Compression, FileSize, NarHash, NarSize,
 * References, CA and Sig (any number of them, every other one at most once); unknown fields are
 * passed over, as Nix does (libstore, NarInfo::NarInfo).
 *
 * What is signed (Ed25519): "1;<store path>;sha256:<nix32 of NarHash>;<NarSize>;<references as full
 * paths, sorted, joined by commas>" (libstore, ValidPathInfo::fingerprint). Keys and signatures are
 * "name:base64"; the name says which key.
 */
#include "nix/narinfo.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "base/text.h"

#define HASH_NAME "sha256"

static int bad_narinfo(struct error *err, const char *field, const char *value)
{
	return error_set_code(
		err, EXIT_FETCH, -EINVAL, "the field %s is wrong: '%.200s'", field, value);
}

/* <32 nix32 characters>-<name>; the name's characters are those of Nix (libstore, checkName). */
static int base_name_check(const char *text)
{
	size_t length = strlen(text);

	if (length < STORE_HASH_CHARS + 2 || length > STORE_HASH_CHARS + 1 + STORE_NAME_MAX ||
		text[STORE_HASH_CHARS] != '-' || strspn(text, nix32_alphabet) != STORE_HASH_CHARS)
		return -EINVAL;
	for (const char *c = text + STORE_HASH_CHARS + 1; *c; c++)
		if (!isascii(*c) || (!isalnum((unsigned char)*c) && !strchr("+-._?=", *c)))
			return -EINVAL;
	return 0;
}

int store_path_check(const char *text)
{
	if (strncmp(text, STORE_DIR "/", strlen(STORE_DIR "/")) != 0)
		return -EINVAL;
	return base_name_check(text + strlen(STORE_DIR "/"));
}

const char *store_path_base_name(const char *store_path)
{
	return store_path + strlen(STORE_DIR "/");
}

static int parse_store_path(struct narinfo *info, const char *value, struct error *err)
{
	if (store_path_check(value) < 0)
		return bad_narinfo(err, "StorePath", value);
	snprintf(info->store_path, sizeof(info->store_path), "%s", value);
	return 0;
}

/* A path below the cache's root: the cache must not lead anywhere else, and what goes into a URL
 * needs no quoting. */
static int parse_url(struct narinfo *info, const char *value, struct error *err)
{
	if (value[0] == '\0' || value[0] == '/' || strstr(value, ".."))
		return bad_narinfo(err, "URL", value);
	for (const char *c = value; *c; c++)
		if (!isascii(*c) || (!isalnum((unsigned char)*c) && !strchr("/+-._?=&~", *c)))
			return bad_narinfo(err, "URL", value);
	info->url = value;
	return 0;
}

static int parse_compression(struct narinfo *info, const char *value, struct error *err)
{
	static const char *const names[] = {
		[COMPRESSION_NONE] = "none",
		[COMPRESSION_XZ] = "xz",
		[COMPRESSION_ZSTD] = "zstd",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]) == 0) {
			info->compression = (enum compression)i;
			return 0;
		}
	}
	return error_set_code(err, EXIT_FETCH, -EINVAL,
		"the compression %.64s is not supported (none, xz and zstd are)", value);
}

/* Decimal digits only: no sign, no blanks. */
static int parse_size(const char *field, const char *value, uint64_t *ret, struct error *err)
{
	uint64_t size = 0;

	if (!*value)
		return bad_narinfo(err, field, value);
	for (const char *c = value; *c; c++) {
		if (*c < '0' || *c > '9' || __builtin_mul_overflow(size, 10, &size) ||
			__builtin_add_overflow(size, (uint64_t)(*c - '0'), &size))
			return bad_narinfo(err, field, value);
	}
	*ret = size;
	return 0;
}

/* sha256:<hex, nix32 or base64>, or sha256-<base64> (SRI). */
static int parse_hash(struct narinfo *info, const char *value, struct error *err)
{
	if (strncmp(value, HASH_NAME, strlen(HASH_NAME)) != 0 ||
		!strchr(":-", value[strlen(HASH_NAME)]) || !value[strlen(HASH_NAME)])
		return bad_narinfo(err, "NarHash (only sha256 is supported)", value);
	return sha256_decode(value, info->nar_hash) < 0 ? bad_narinfo(err, "NarHash", value) : 0;
}

static int compare_references(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Cuts the value at its blanks. Nix signs the sorted set, whatever order the file has. */
static int parse_references(struct narinfo *info, char *value, struct error *err)
{
	size_t kept = 0;
	char *rest = value;

	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		if (!*word)
			continue;
		if (base_name_check(word) < 0)
			return bad_narinfo(err, "References", word);
		if ((info->reference_count & (info->reference_count - 1)) == 0)
			info->references = must_realloc(info->references,
				info->reference_count ? 2 * info->reference_count : 1,
				sizeof(*info->references));
		info->references[info->reference_count++] = word;
	}
	if (info->reference_count)
		qsort(info->references, info->reference_count, sizeof(*info->references),
			compare_references);
	for (size_t i = 0; i < info->reference_count; i++)
		if (!kept || strcmp(info->references[i], info->references[kept - 1]) != 0)
			info->references[kept++] = info->references[i];
	info->reference_count = kept;
	return 0;
}

/* The content address goes into the database only; nothing is decided by it. */
static int parse_ca(struct narinfo *info, const char *value, struct error *err)
{
	for (const char *c = value; *c; c++)
		if (!isgraph((unsigned char)*c))
			return bad_narinfo(err, "CA", value);
	info->ca = *value ? value : NULL;
	return 0;
}

static void add_signature(struct narinfo *info, const char *value)
{
	info->signatures = must_realloc(
		info->signatures, info->signature_count + 1, sizeof(*info->signatures));
	info->signatures[info->signature_count++] = value;
}

enum field {
	FIELD_STORE_PATH,
	FIELD_URL,
	FIELD_COMPRESSION,
	FIELD_FILE_SIZE,
	FIELD_NAR_HASH,
	FIELD_NAR_SIZE,
	FIELD_REFERENCES,
	FIELD_CA,
	FIELD_SIG,
	FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = { "StorePath", "URL", "Compression", "FileSize",
	"NarHash", "NarSize", "References", "CA", "Sig" };

static int parse_field(struct narinfo *info, enum field field, char *value, struct error *err)
{
	switch (field) {
	case FIELD_STORE_PATH:
		return parse_store_path(info, value, err);
	case FIELD_URL:
		return parse_url(info, value, err);
	case FIELD_COMPRESSION:
		return parse_compression(info, value, err);
	case FIELD_FILE_SIZE:
		return parse_size("FileSize", value, &info->file_bytes, err);
	case FIELD_NAR_HASH:
		return parse_hash(info, value, err);
	case FIELD_NAR_SIZE:
		return parse_size("NarSize", value, &info->nar_bytes, err);
	case FIELD_REFERENCES:
		return parse_references(info, value, err);
	case FIELD_CA:
		return parse_ca(info, value, err);
	case FIELD_SIG:
		add_signature(info, value);
		return 0;
	default:
		return 0;
	}
}

/* One line, without its newline; seen is the set of the fields so far. */
static int parse_narinfo_line(struct narinfo *info, char *line, unsigned *seen, struct error *err)
{
	char *value = strchr(line, ':');

	if (!value || (value[1] != ' ' && value[1] != '\0'))
		return error_set_code(err, EXIT_FETCH, -EINVAL,
			"a line is not of the form 'Field: value': '%.200s'", line);
	*value++ = '\0';
	if (*value)
		value++;
	for (unsigned field = 0; field < FIELD_COUNT; field++) {
		if (strcmp(line, field_names[field]) != 0)
			continue;
		if (*seen & 1U << field && field != FIELD_SIG)
			return error_set_code(
				err, EXIT_FETCH, -EINVAL, "the field %s stands there twice", line);
		*seen |= 1U << field;
		return parse_field(info, (enum field)field, value, err);
	}
	return 0;
}

/* What has to be there, and what Nix takes a missing field for. */
static int check_complete(const struct narinfo *info, unsigned seen, struct error *err)
{
	static const enum field needed[] = { FIELD_STORE_PATH, FIELD_URL, FIELD_NAR_HASH,
		FIELD_NAR_SIZE };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(seen & 1U << needed[i]))
			return error_set_code(err, EXIT_FETCH, -EINVAL, "the field %s is missing",
				field_names[needed[i]]);
	if (!(seen & 1U << FIELD_COMPRESSION))
		return error_set_code(err, EXIT_FETCH, -EINVAL,
			"the field Compression is missing, which means bzip2, and that is not "
			"supported (none, xz and zstd are)");
	if (info->nar_bytes == 0)
		return bad_narinfo(err, "NarSize", "0");
	return 0;
}

int narinfo_parse(const char *text, size_t size_bytes, struct narinfo *ret, struct error *err)
{
	struct narinfo info = { 0 };
	unsigned seen = 0;
	char *rest;
	int r = 0;

	if (memchr(text, '\0', size_bytes))
		return error_set_code(err, EXIT_FETCH, -EINVAL, "it contains a NUL byte");
	info.text = must_realloc(NULL, size_bytes + 1, 1);
	memcpy(info.text, text, size_bytes);
	info.text[size_bytes] = '\0';
	rest = info.text;
	for (char *line; r == 0 && (line = strsep(&rest, "\n")) != NULL;)
		if (*line)
			r = parse_narinfo_line(&info, line, &seen, err);
	if (r == 0)
		r = check_complete(&info, seen, err);
	if (r < 0) {
		narinfo_free(&info);
		return r;
	}
	*ret = info;
	return 0;
}

int trusted_key_parse(const char *text, struct trusted_key *ret, struct error *err)
{
	const char *colon = strchr(text, ':');
	struct trusted_key key = { 0 };

	if (!colon || colon == text || (size_t)(colon - text) >= sizeof(key.name) ||
		base64_decode(colon + 1, strlen(colon + 1), key.key, sizeof(key.key)) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"the trusted key '%.200s' is not of the form name:base64 with 32 bytes",
			text);
	memcpy(key.name, text, (size_t)(colon - text));
	*ret = key;
	return 0;
}

/* The text that is signed, from malloc. */
static char *fingerprint(const struct narinfo *info)
{
	char hash[NIX32_CHARS(SHA256_BYTES) + 1];
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	nix32_encode(info->nar_hash, sizeof(info->nar_hash), hash);
	if (!out)
		abort();
	fprintf(out, "1;%s;" HASH_NAME ":%s;%" PRIu64 ";", info->store_path, hash, info->nar_bytes);
	for (size_t i = 0; i < info->reference_count; i++)
		fprintf(out, "%s" STORE_DIR "/%s", i ? "," : "", info->references[i]);
	if (fclose(out) != 0)
		abort();
	return text;
}

static bool signature_is_of(const char *signature, const struct trusted_key *key)
{
	size_t length = strlen(key->name);

	return strncmp(signature, key->name, length) == 0 && signature[length] == ':';
}

static bool signature_is_good(
	const char *signature, const struct trusted_key *key, const char *signed_text)
{
	const char *base64 = signature + strlen(key->name) + 1;
	uint8_t sig[ED25519_SIG_BYTES];

	return base64_decode(base64, strlen(base64), sig, sizeof(sig)) == 0 &&
	       digest_verify_ed25519(key->key, sig, signed_text, strlen(signed_text)) == 1;
}

/* Adds the name of a key or signature, up to its colon. */
static void add_reference(char *names, size_t size, const char *text)
{
	text_append(names, size, "%s%.*s", *names ? ", " : "", (int)strcspn(text, ":"), text);
}

static int unsigned_error(const struct narinfo *info, const struct trusted_key *keys,
	size_t key_count, struct error *err)
{
	char trusted[256] = "", present[256] = "";

	for (size_t i = 0; i < key_count; i++)
		add_reference(trusted, sizeof(trusted), keys[i].name);
	for (size_t i = 0; i < info->signature_count; i++)
		add_reference(present, sizeof(present), info->signatures[i]);
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"%s is not signed by a trusted key (trusted: %s; its signatures: %s)",
		info->store_path, *trusted ? trusted : "none", *present ? present : "none");
}

int narinfo_verify(const struct narinfo *info, const struct trusted_key *keys, size_t key_count,
	struct error *err)
{
	AUTO_FREE char *signed_text = fingerprint(info);
	const char *wrong = NULL;

	for (size_t i = 0; i < info->signature_count; i++) {
		for (size_t k = 0; k < key_count; k++) {
			if (!signature_is_of(info->signatures[i], &keys[k]))
				continue;
			if (signature_is_good(info->signatures[i], &keys[k], signed_text))
				return 0;
			wrong = keys[k].name;
		}
	}
	if (wrong)
		return error_set_code(err, EXIT_VERIFY, -EBADMSG,
			"%s carries a wrong signature of the trusted key %s", info->store_path,
			wrong);
	return unsigned_error(info, keys, key_count, err);
}

void narinfo_free(struct narinfo *info)
{
	free(info->references);
	free(info->signatures);
	free(info->text);
	memset(info, 0, sizeof(*info));
}
