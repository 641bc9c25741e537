/* SPDX-License-Identifier: MIT */
/*
 * Lines "Field: value" (Nix manual, "Binary Cache"; libstore, NarInfo::NarInfo). Read are
 * StorePath, URL, Compression, NarHash, NarSize, References, CA and Sig, and FileSize as a hint.
 * Every Sig counts. References and CA may occur once; of the others the last one counts. Other
 * fields are ignored.
 *
 * A signature covers "1;<store path>;sha256:<nix32 of NarHash>;<NarSize>;<references as full paths,
 * sorted, joined by commas>" (libstore, ValidPathInfo::fingerprint). It is Ed25519. Keys and
 * signatures are written "name:base64"; the name selects the key.
 *
 * URL, Compression, CA and the other signatures are not covered. The archive that URL and
 * Compression lead to is compared with NarHash. A content address is kept only if the store path
 * follows from it, a signature only if it is well-formed: the guest's Nix reads both from its
 * database.
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
#include "net/url.h"

#define HASH_NAME "sha256"

static int bad_narinfo(struct error *err, const char *field, const char *value)
{
	return error_set_code(
		err, EXIT_FETCH, -EINVAL, "the field %s is wrong: '%.200s'", field, value);
}

static int parse_store_path(struct narinfo *info, const char *value, struct error *err)
{
	if (store_path_check(value) < 0)
		return bad_narinfo(err, "StorePath", value);
	snprintf(info->store_path, sizeof(info->store_path), "%s", value);
	return 0;
}

static bool has_parent_segment(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
		if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
			return true;
	return false;
}

/* A path below the cache's root, or an http or https URL. */
static int parse_url(struct narinfo *info, const char *value, struct error *err)
{
	bool is_relative = value[0] && value[0] != '/' && !strstr(value, "://") &&
			   !has_parent_segment(value);

	if (!is_relative && !(url_is_remote(value) && url_is_allowed(value)))
		return bad_narinfo(err, "URL", value);
	for (const char *c = value; *c; c++)
		if (!isascii(*c) || !isgraph((unsigned char)*c))
			return bad_narinfo(err, "URL", value);
	info->url = value;
	return 0;
}

static const char *const compressions[] = {
	[COMPRESSION_NONE] = "none",
	[COMPRESSION_XZ] = "xz",
	[COMPRESSION_ZSTD] = "zstd",
	[COMPRESSION_GZIP] = "gzip",
	[COMPRESSION_LZMA] = "lzma",
	[COMPRESSION_UNNAMED] = "compressed",
};

const char *compression_name(enum compression compression)
{
	return compressions[compression];
}

static int parse_compression(struct narinfo *info, const char *value, struct error *err)
{
	info->compression = COMPRESSION_UNNAMED;
	if (!*value)
		return 0;
	for (size_t i = 0; i < COMPRESSION_UNNAMED; i++) {
		if (strcmp(value, compressions[i]) == 0) {
			info->compression = (enum compression)i;
			return 0;
		}
	}
	return error_set_code(err, EXIT_FETCH, -EINVAL,
		"the compression %.64s is not supported (none, xz, zstd, gzip and lzma are)",
		value);
}

/* Takes decimal digits only: no sign, no blanks. */
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

/* Nix ignores the value, so a malformed one is no error. */
static void parse_file_size(struct narinfo *info, const char *value)
{
	struct error ignored;

	if (parse_size("FileSize", value, &info->file_bytes, &ignored) < 0)
		info->file_bytes = 0;
}

/* sha256:<hex, nix32 or base64>, or sha256-<base64> (SRI). */
static int parse_hash(struct narinfo *info, const char *value, struct error *err)
{
	if (!text_starts_with(value, HASH_NAME) || !strchr(":-", value[strlen(HASH_NAME)]) ||
		!value[strlen(HASH_NAME)])
		return bad_narinfo(err, "NarHash (only sha256 is supported)", value);
	return sha256_decode(value, info->nar_hash) < 0 ? bad_narinfo(err, "NarHash", value) : 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts texts and removes duplicates: Nix keeps references and signatures as sorted sets. */
static void make_sorted_set(const char **texts, size_t *count)
{
	size_t kept = 0;

	if (*count)
		qsort(texts, *count, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < *count; i++)
		if (!kept || strcmp(texts[i], texts[kept - 1]) != 0)
			texts[kept++] = texts[i];
	*count = kept;
}

/* Splits the value at its blanks. */
static int parse_references(struct narinfo *info, char *value, struct error *err)
{
	char *rest = value;

	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		if (!*word)
			continue;
		if (store_path_check_base_name(word) < 0)
			return bad_narinfo(err, "References", word);
		if ((info->reference_count & (info->reference_count - 1)) == 0)
			info->references = must_realloc(info->references,
				info->reference_count ? 2 * info->reference_count : 1,
				sizeof(*info->references));
		info->references[info->reference_count++] = word;
	}
	make_sorted_set(info->references, &info->reference_count);
	return 0;
}

/* "name:base64" of 64 bytes; Nix does not need the padding. */
static bool is_signature(const char *value)
{
	const char *colon = strchr(value, ':');
	uint8_t sig[ED25519_SIG_BYTES];

	if (!colon || colon == value)
		return false;
	for (const char *c = value; c < colon; c++)
		if (!isascii(*c) || !isgraph((unsigned char)*c))
			return false;
	return base64_decode_unpadded(colon + 1, strlen(colon + 1), sig, sizeof(sig)) == 0;
}

/* Ignores a malformed signature: it cannot be good, and a blank in it would make it two signatures
 * in the database. Those behind it do not count for Nix. */
static void add_signature(struct narinfo *info, char *value)
{
	for (size_t n = strlen(value); n > 0 && strchr(" \t", value[n - 1]); n--)
		value[n - 1] = '\0';
	if (!is_signature(value))
		return;
	if ((info->signature_count & (info->signature_count - 1)) == 0)
		info->signatures = must_realloc(info->signatures,
			info->signature_count ? 2 * info->signature_count : 1,
			sizeof(*info->signatures));
	info->signatures[info->signature_count++] = value;
}

enum field {
	FIELD_STORE_PATH,
	FIELD_URL,
	FIELD_COMPRESSION,
	FIELD_NAR_HASH,
	FIELD_NAR_SIZE,
	FIELD_REFERENCES,
	FIELD_CA,
	FIELD_SIG,
	FIELD_FILE_SIZE,
	FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = { "StorePath", "URL", "Compression", "NarHash",
	"NarSize", "References", "CA", "Sig", "FileSize" };

static int parse_field(struct narinfo *info, enum field field, char *value, struct error *err)
{
	switch (field) {
	case FIELD_STORE_PATH:
		return parse_store_path(info, value, err);
	case FIELD_URL:
		return parse_url(info, value, err);
	case FIELD_COMPRESSION:
		return parse_compression(info, value, err);
	case FIELD_NAR_HASH:
		return parse_hash(info, value, err);
	case FIELD_NAR_SIZE:
		return parse_size("NarSize", value, &info->nar_bytes, err);
	case FIELD_REFERENCES:
		return parse_references(info, value, err);
	case FIELD_CA:
		info->ca = *value ? value : NULL;
		return 0;
	case FIELD_SIG:
		add_signature(info, value);
		return 0;
	case FIELD_FILE_SIZE:
		parse_file_size(info, value);
		return 0;
	default:
		return 0;
	}
}

static int bad_line(const char *line, struct error *err)
{
	return error_set_code(err, EXIT_FETCH, -EINVAL,
		"a line is not of the form 'Field: value': '%.200s'", line);
}

/* Whether Nix refuses another one of this field. An empty one does not count. */
static bool is_given(const struct narinfo *info, enum field field)
{
	return (field == FIELD_REFERENCES && info->reference_count > 0) ||
	       (field == FIELD_CA && info->ca);
}

/* Parses one line without its newline. seen is the set of the fields so far. */
static int parse_narinfo_line(struct narinfo *info, char *line, unsigned *seen, struct error *err)
{
	char *value = strchr(line, ':');

	if (!value)
		return bad_line(line, err);
	for (unsigned field = 0; field < FIELD_COUNT; field++) {
		if ((size_t)(value - line) != strlen(field_names[field]) ||
			!text_starts_with(line, field_names[field]))
			continue;
		if (value[1] != ' ' && value[1] != '\0')
			return bad_line(line, err);
		if (is_given(info, (enum field)field))
			return error_set_code(err, EXIT_FETCH, -EINVAL,
				"the field %s is given twice", field_names[field]);
		*seen |= 1U << field;
		return parse_field(info, (enum field)field, value + (value[1] ? 2 : 1), err);
	}
	return 0;
}

/* Checks that the required fields are there. Without the field Compression the archive is
 * compressed: Nix says bzip2, and looks what it is. */
static int check_complete(const struct narinfo *info, unsigned seen, struct error *err)
{
	static const enum field needed[] = { FIELD_STORE_PATH, FIELD_URL, FIELD_NAR_HASH,
		FIELD_NAR_SIZE };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(seen & 1U << needed[i]))
			return error_set_code(err, EXIT_FETCH, -EINVAL, "the field %s is missing",
				field_names[needed[i]]);
	if (info->nar_bytes == 0)
		return bad_narinfo(err, "NarSize", "0");
	return 0;
}

static bool refers_to_itself(const struct narinfo *info)
{
	for (size_t i = 0; i < info->reference_count; i++)
		if (strcmp(info->references[i], store_path_base_name(info->store_path)) == 0)
			return true;
	return false;
}

/* Drops a content address from which the store path does not follow. One from which it follows is
 * true, whether a signature covers it or not; then the archive must have the hash that it says. */
static int check_content_address(struct narinfo *info, struct error *err)
{
	if (!info->ca)
		return 0;
	if (content_address_parse(info->ca, &info->address) < 0 ||
		!content_address_matches_path(&info->address, info->store_path, info->references,
			info->reference_count)) {
		info->ca = NULL;
		info->ca_ignored = true;
		return 0;
	}
	info->content_check = content_address_check(&info->address, refers_to_itself(info));
	if (info->content_check == CONTENT_CHECK_NAR &&
		memcmp(info->address.hash, info->nar_hash, sizeof(info->nar_hash)) != 0)
		return error_set_code(err, EXIT_VERIFY, -EBADMSG,
			"the NarHash of %s is another one than its content address %s says",
			info->store_path, info->ca);
	return 0;
}

bool narinfo_is_content_addressed(const struct narinfo *info)
{
	return info->content_check != CONTENT_CHECK_NONE;
}

int narinfo_parse(const char *text, size_t size_bytes, struct narinfo *ret, struct error *err)
{
	struct narinfo info = { .compression = COMPRESSION_UNNAMED };
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
	make_sorted_set(info.signatures, &info.signature_count);
	if (r == 0)
		r = check_content_address(&info, err);
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
		base64_decode_unpadded(colon + 1, strlen(colon + 1), key.key, sizeof(key.key)) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"the trusted key '%.200s' is not of the form name:base64 with 32 bytes",
			text);
	memcpy(key.name, text, (size_t)(colon - text));
	*ret = key;
	return 0;
}

/* Returns the text that a signature covers, from malloc. */
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

	return base64_decode_unpadded(base64, strlen(base64), sig, sizeof(sig)) == 0 &&
	       digest_verify_ed25519(key->key, sig, signed_text, strlen(signed_text)) == 1;
}

/* Appends the name of a key or signature, up to its colon. */
static void append_key_name(char *names, size_t size, const char *text)
{
	text_append(names, size, "%s%.*s", *names ? ", " : "", (int)strcspn(text, ":"), text);
}

static int unsigned_error(const struct narinfo *info, const struct trusted_key *keys,
	size_t key_count, struct error *err)
{
	char trusted[256] = "", present[256] = "";

	for (size_t i = 0; i < key_count; i++)
		append_key_name(trusted, sizeof(trusted), keys[i].name);
	for (size_t i = 0; i < info->signature_count; i++)
		append_key_name(present, sizeof(present), info->signatures[i]);
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
