/* SPDX-License-Identifier: MIT */
/*
 * narinfo — parses and verifies the description of one path in a Nix binary cache.
 *
 * Pure. cache fetches it. Accepts SHA-256 as the hash of the archive, and the compressions
 * none, xz, zstd, gzip and lzma. narinfo.c lists the fields and what a signature covers.
 *
 * Format: Nix manual, "Binary Cache".
 *
 * Tested by: tests/unit/test_narinfo.c, tests/fuzz/narinfo.c, tests/net/odd_caches.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "nix/content_address.h"
#include "nix/store_path.h"

#define NARINFO_BYTES_MAX  (1024 * 1024)
#define TRUSTED_NAME_BYTES 128

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_XZ,
	COMPRESSION_ZSTD,
	COMPRESSION_GZIP,
	COMPRESSION_LZMA,
	COMPRESSION_UNNAMED, /* one of them but none: the archive shows which */
};

/* As narinfos name it: "xz"; "compressed" if it is not named. */
const char *compression_name(enum compression compression);

struct narinfo {
	char store_path[STORE_PATH_BYTES];
	const char *url; /* relative to the cache's root, or http:// or https:// */
	enum compression compression;
	uint8_t nar_hash[SHA256_BYTES];
	uint64_t nar_bytes;
	uint64_t file_bytes; /* FileSize, a hint that no signature covers; 0 if there is none */
	const char *ca;	     /* content address from which store_path follows; NULL if none */
	bool ca_ignored;     /* the narinfo has another one */
	struct content_address address;	  /* ca parsed */
	enum content_check content_check; /* how the archive proves ca */
	const char **references;	  /* base names, sorted, without duplicates */
	size_t reference_count;
	const char **signatures; /* "name:base64", well-formed, sorted, without duplicates */
	size_t signature_count;
	char *text; /* holds the texts that the pointers above point to */
};

/* A trusted public key, "name:base64" taken apart. */
struct trusted_key {
	char name[TRUSTED_NAME_BYTES];
	uint8_t key[ED25519_KEY_BYTES];
};

/* 0, or -EINVAL with a sentence. */
int trusted_key_parse(const char *text, struct trusted_key *ret, struct error *err) WARN_UNUSED;

/* Parses a narinfo; the caller frees ret by narinfo_free on success only. -EINVAL with
 * EXIT_FETCH and the line that is wrong; -EBADMSG with EXIT_VERIFY if the content address
 * contradicts NarHash. */
int narinfo_parse(
	const char *text, size_t size_bytes, struct narinfo *ret, struct error *err) WARN_UNUSED;

/* Whether the store path alone proves the content, so that no signature is needed. For
 * CONTENT_CHECK_FILE the caller compares the SHA-256 of the only file with address.hash. */
bool narinfo_is_content_addressed(const struct narinfo *info);

/* 0 if one of the keys signed it, else -EBADMSG with EXIT_VERIFY. */
int narinfo_verify(const struct narinfo *info, const struct trusted_key *keys, size_t key_count,
	struct error *err) WARN_UNUSED;

void narinfo_free(struct narinfo *info);
