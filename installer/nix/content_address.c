/* SPDX-License-Identifier: MIT */
/*
 * The path of an object is "/nix/store/" <digest> "-" <name>, where <digest> is the nix32 form of
 * the SHA-256, folded to 20 bytes, of
 *
 *     <type> ":sha256:" <inner digest in hex> ":/nix/store:" <name>
 *
 * and type and inner digest depend on the content address (Nix manual, "Complete Store Path
 * Calculation"):
 *
 *     text:sha256:H      "text" {":" reference}               H
 *     fixed:r:sha256:H   "source" {":" reference} [":self"]   H
 *     other fixed:M H    "output:out"                         SHA-256 of "fixed:out:" M H ":"
 */
#include "nix/content_address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "nix/store_path.h"

#define PATH_DIGEST_BYTES 20

/* Advances *text over a prefix; false if it does not begin with it. */
static bool skip_prefix(const char **text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*text, prefix, length) != 0)
		return false;
	*text += length;
	return true;
}

/* The hash in hex, nix32 or base64, which its length tells apart. */
static bool decode_hash(const char *text, struct content_address *ret)
{
	size_t length = strlen(text);

	return hex_decode(text, length, ret->hash, ret->hash_bytes) == 0 ||
	       nix32_decode(text, length, ret->hash, ret->hash_bytes) == 0 ||
	       base64_decode(text, length, ret->hash, ret->hash_bytes) == 0;
}

/* "<algorithm>:<hash>" */
static int parse_algorithm_and_hash(const char *text, struct content_address *ret)
{
	static const struct {
		const char *name;
		size_t bytes;
	} algorithms[] = { { "md5", 16 }, { "sha1", 20 }, { "sha256", 32 }, { "sha512", 64 } };

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		const char *hash = text;

		if (!skip_prefix(&hash, algorithms[i].name) || !skip_prefix(&hash, ":"))
			continue;
		ret->algorithm = algorithms[i].name;
		ret->hash_bytes = algorithms[i].bytes;
		return decode_hash(hash, ret) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static bool is_sha256(const struct content_address *address)
{
	return strcmp(address->algorithm, "sha256") == 0;
}

int content_address_parse(const char *text, struct content_address *ret)
{
	struct content_address address = { 0 };
	int r;

	address.is_text = skip_prefix(&text, "text:");
	if (!address.is_text && !skip_prefix(&text, "fixed:"))
		return -EINVAL;
	if (!address.is_text)
		address.is_recursive = skip_prefix(&text, "r:");
	r = parse_algorithm_and_hash(text, &address);
	if (r < 0 || (address.is_text && !is_sha256(&address)))
		return -EINVAL;
	*ret = address;
	return 0;
}

enum content_check content_address_check(
	const struct content_address *address, bool refers_to_itself)
{
	if (!is_sha256(address) || (address->is_recursive && refers_to_itself))
		return CONTENT_CHECK_NONE;
	return address->is_recursive ? CONTENT_CHECK_NAR : CONTENT_CHECK_FILE;
}

/* The type of a path that may have references; false if Nix allows no such references. */
static bool print_type(FILE *out, const char *own_base_name, const struct content_address *address,
	const char *const *references, size_t reference_count)
{
	bool refers_to_itself = false;

	fputs(address->is_text ? "text" : "source", out);
	for (size_t i = 0; i < reference_count; i++) {
		if (strcmp(references[i], own_base_name) == 0)
			refers_to_itself = true;
		else
			fprintf(out, ":" STORE_DIR "/%s", references[i]);
	}
	if (refers_to_itself)
		fputs(":self", out);
	return !refers_to_itself || !address->is_text;
}

/* The digest of "fixed:out:…", which stands for a flat file and for other algorithms. */
static void digest_fixed_output(const struct content_address *address, uint8_t ret[SHA256_BYTES])
{
	char hex[HEX_CHARS(CONTENT_HASH_BYTES_MAX) + 1], text[sizeof(hex) + 32];

	hex_encode(address->hash, address->hash_bytes, hex);
	snprintf(text, sizeof(text), "fixed:out:%s%s:%s:", address->is_recursive ? "r:" : "",
		address->algorithm, hex);
	digest_sha256(text, strlen(text), ret);
}

/* Folds a SHA-256 to 20 bytes, as Nix does for the digests of its paths. */
static void fold(const uint8_t sum[SHA256_BYTES], uint8_t ret[PATH_DIGEST_BYTES])
{
	memset(ret, 0, PATH_DIGEST_BYTES);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		ret[i % PATH_DIGEST_BYTES] ^= sum[i];
}

/* Writes the text whose digest is in the path; false if the references are not allowed. */
static bool print_fingerprint(FILE *out, const char *base_name,
	const struct content_address *address, const char *const *references,
	size_t reference_count)
{
	char hex[HEX_CHARS(SHA256_BYTES) + 1];
	uint8_t inner[SHA256_BYTES];
	bool allowed;

	if (address->is_text || (address->is_recursive && is_sha256(address))) {
		allowed = print_type(out, base_name, address, references, reference_count);
		memcpy(inner, address->hash, sizeof(inner));
	} else {
		allowed = reference_count == 0;
		fputs("output:out", out);
		digest_fixed_output(address, inner);
	}
	hex_encode(inner, sizeof(inner), hex);
	fprintf(out, ":sha256:%s:" STORE_DIR ":%s", hex, base_name + STORE_HASH_CHARS + 1);
	return allowed;
}

bool content_address_matches_path(const struct content_address *address, const char *store_path,
	const char *const *references, size_t reference_count)
{
	const char *base_name = store_path_base_name(store_path);
	char digest[NIX32_CHARS(PATH_DIGEST_BYTES) + 1];
	uint8_t sum[SHA256_BYTES], folded[PATH_DIGEST_BYTES];
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	FILE *out = open_memstream(&text, &size_bytes);
	bool allowed;

	if (!out)
		abort();
	allowed = print_fingerprint(out, base_name, address, references, reference_count);
	if (fclose(out) != 0)
		abort();
	digest_sha256(text, size_bytes, sum);
	fold(sum, folded);
	nix32_encode(folded, sizeof(folded), digest);
	return allowed && strncmp(base_name, digest, STORE_HASH_CHARS) == 0;
}
