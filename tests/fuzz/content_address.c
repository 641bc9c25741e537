/* SPDX-License-Identifier: MIT */
/* The first line as a content address, the second as a store path, the others as its references. */
/* Modules: nix/content_address, nix/store_path. */
#include "nix/content_address.h"
#include "fuzz.h"
#include "nix/store_path.h"

#define REFERENCES_MAX 8

static void check_address(const struct content_address *address)
{
	promised(address->hash_bytes == 16 || address->hash_bytes == 20 ||
		 address->hash_bytes == 32 || address->hash_bytes == CONTENT_HASH_BYTES_MAX);
	promised(!address->is_text || strcmp(address->algorithm, "sha256") == 0);
	promised(content_address_check(address, true) != CONTENT_CHECK_NAR);
	if (content_address_check(address, false) != CONTENT_CHECK_NONE)
		promised(address->hash_bytes == 32);
}

static void check_store_path(const char *path)
{
	const char *base = store_path_base_name(path);

	promised(strlen(path) < STORE_PATH_BYTES && base == path + strlen(STORE_DIR "/"));
	promised(store_path_check_base_name(base) == 0);
	promised(!strchr(base, '/') && base[STORE_HASH_CHARS] == '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	const char *references[REFERENCES_MAX];
	struct content_address address;
	size_t count = 0;
	char *rest = text;
	const char *ca = strsep(&rest, "\n"), *path = rest ? strsep(&rest, "\n") : "";

	while (rest && count < REFERENCES_MAX)
		references[count++] = strsep(&rest, "\n");
	if (store_path_check(path) == 0)
		check_store_path(path);
	if (content_address_parse(ca, &address) < 0)
		return 0;
	check_address(&address);
	if (store_path_check(path) < 0)
		return 0;
	/* A path follows from its address alone: with another name it has another hash. */
	if (content_address_matches_path(&address, path, references, count)) {
		char other[STORE_PATH_BYTES + 1];

		snprintf(other, sizeof(other), "%sx", path);
		promised(store_path_check(other) < 0 ||
			 !content_address_matches_path(&address, other, references, count));
	}
	return 0;
}
