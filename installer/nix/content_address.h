/* SPDX-License-Identifier: MIT */
/*
 * content_address — content addresses of store objects, and the store paths that they imply.
 *
 * Pure. Parses the field CA of a narinfo and checks that a store path follows from it, so that the
 * path alone proves the content and no signature is needed. Does not read the content: narinfo
 * compares the archive's hash, worker the hash of a single file.
 *
 * Format: Nix manual, "Content-Addressing Store Objects", and libstore, content-address.cc.
 *
 * Tested by: tests/unit/test_content_address.c, tests/net/odd_caches.sh,
 * tests/fuzz/content_address.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

#define CONTENT_HASH_BYTES_MAX 64 /* SHA-512 */

struct content_address {
	bool is_text;	       /* "text:", else "fixed:" */
	bool is_recursive;     /* "fixed:r:": the hash is the archive's, else the file's */
	const char *algorithm; /* "md5", "sha1", "sha256" or "sha512" */
	size_t hash_bytes;
	uint8_t hash[CONTENT_HASH_BYTES_MAX];
};

/* How the content can be compared with the address. */
enum content_check {
	CONTENT_CHECK_NONE, /* not here: another algorithm, or an archive that names its own path */
	CONTENT_CHECK_NAR,  /* hash is the SHA-256 of the archive */
	CONTENT_CHECK_FILE, /* hash is the SHA-256 of the only file */
};

/* Parses "text:sha256:<hash>", "fixed:<algorithm>:<hash>" or "fixed:r:<algorithm>:<hash>", where
 * <hash> is hex, nix32 or base64. 0, or -EINVAL. */
int content_address_parse(const char *text, struct content_address *ret);

enum content_check content_address_check(
	const struct content_address *address, bool refers_to_itself);

/* Whether an object with this address and these references (base names, sorted, without
 * duplicates) has this store path. False if Nix allows no such references with the address. */
bool content_address_matches_path(const struct content_address *address, const char *store_path,
	const char *const *references, size_t reference_count);
