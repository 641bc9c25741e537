/* SPDX-License-Identifier: MIT */
/*
 * narinfo — one path's description in a Nix binary cache, parsed and checked.
 *
 * Pure. Format: Nix manual, "Binary Cache" / narinfo; the fields and the signed fingerprint are
 * listed in narinfo.c. Only sha256 NAR hashes; compression none, xz or zstd.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"

#define STORE_DIR	   "/nix/store"
#define STORE_HASH_CHARS   32
#define STORE_NAME_MAX	   211
#define NARINFO_BYTES_MAX  (1024 * 1024)
#define TRUSTED_NAME_BYTES 128

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_XZ,
	COMPRESSION_ZSTD,
};

struct narinfo {
	char store_path[256]; /* "/nix/store/<32>-name" */
	const char *url;      /* relative to the cache's root */
	enum compression compression;
	uint64_t file_bytes; /* compressed; 0 if not given */
	uint8_t nar_hash[SHA256_BYTES];
	uint64_t nar_bytes;
	const char *ca;		 /* content address, NULL if none */
	const char **references; /* base names, sorted, without duplicates */
	size_t reference_count;
	const char **signatures; /* "name:base64" */
	size_t signature_count;
	char *text; /* what the pointers above point into */
};

/* A key that is trusted to sign: "name:base64" taken apart. */
struct trusted_key {
	char name[TRUSTED_NAME_BYTES];
	uint8_t key[ED25519_KEY_BYTES];
};

/* 0, or -EINVAL with a sentence. */
int trusted_key_parse(const char *text, struct trusted_key *ret, struct error *err) WARN_UNUSED;

/* 0 if text is a well-formed store path (/nix/store/<32 nix32 characters>-<name>), else -EINVAL. */
int store_path_check(const char *text);

/* The part of a store path after "/nix/store/". */
const char *store_path_base_name(const char *store_path);

/* Takes a narinfo apart; ret is to be freed by narinfo_free on success only. -EINVAL with
 * EXIT_FETCH and the line that is wrong. */
int narinfo_parse(
	const char *text, size_t size_bytes, struct narinfo *ret, struct error *err) WARN_UNUSED;

/* 0 if one of the keys signed it, else -EBADMSG with EXIT_VERIFY. */
int narinfo_verify(const struct narinfo *info, const struct trusted_key *keys, size_t key_count,
	struct error *err) WARN_UNUSED;

void narinfo_free(struct narinfo *info);
