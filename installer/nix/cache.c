/* SPDX-License-Identifier: MIT */
#include "nix/cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/url.h"

#define INFO_NAME      "nix-cache-info"
#define INFO_BYTES_MAX (64 * 1024)

int cache_read_trust(
	const struct cache_settings *settings, struct cache_trust *ret, struct error *err)
{
	*ret = (struct cache_trust){ .anything = settings->trust_anything };
	for (; ret->key_count < settings->trusted_key_count; ret->key_count++) {
		int r = trusted_key_parse(
			settings->trusted_keys[ret->key_count], &ret->keys[ret->key_count], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* "StoreDir: /nix/store" must stand in the cache's description. */
static int check_info(char *text, const char *url, struct error *err)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (strncmp(line, "StoreDir: ", strlen("StoreDir: ")) != 0)
			continue;
		line += strlen("StoreDir: ");
		if (strcmp(line, STORE_DIR) == 0)
			return 0;
		return error_set_code(err, EXIT_FETCH, -EINVAL,
			"%s: it is for the store %.200s, not for " STORE_DIR, url, line);
	}
	return error_set_code(err, EXIT_FETCH, -EINVAL, "%s: the field StoreDir is missing", url);
}

int cache_check(struct fetch *fetch, const char *cache, struct error *err)
{
	struct download document = { .limit_bytes = INFO_BYTES_MAX };
	AUTO_FREE char *shown = url_shown(cache);
	AUTO_FREE char *url = url_join(cache, INFO_NAME);
	int r = fetch_stream(fetch, url, download_add, &document, err);

	download_end(&document);
	if (r < 0)
		error_wrap(err, "%s is not a binary cache that can be read", shown);
	else
		r = check_info(document.text, shown, err);
	free(document.text);
	return r;
}

char *cache_narinfo_url(const char *cache, const char *store_path)
{
	char name[STORE_HASH_CHARS + sizeof(".narinfo")];

	snprintf(name, sizeof(name), "%.*s.narinfo", STORE_HASH_CHARS,
		store_path_base_name(store_path));
	return url_join(cache, name);
}

static int read_narinfo(const char *store_path, struct download *document,
	const struct cache_trust *trust, struct narinfo *ret, struct error *err)
{
	int r;

	download_end(document);
	r = narinfo_parse(document->text, document->size_bytes, ret, err);
	if (r < 0)
		return r;
	if (strcmp(ret->store_path, store_path) != 0)
		r = error_set_code(err, EXIT_FETCH, -EINVAL, "it describes %s, not %s",
			ret->store_path, store_path);
	else if (!trust->anything)
		r = narinfo_verify(ret, trust->keys, trust->key_count, err);
	if (r < 0)
		narinfo_free(ret);
	return r;
}

int cache_read_narinfo(const char *cache, const char *store_path, struct download *document,
	const struct cache_trust *trust, struct narinfo *ret, struct error *err)
{
	int r = read_narinfo(store_path, document, trust, ret, err);

	if (r < 0) {
		AUTO_FREE char *url = cache_narinfo_url(cache, store_path);

		url_hide_credentials(url);
		error_wrap(err, "%s", url);
	}
	return r;
}
