/* SPDX-License-Identifier: MIT */
#include "nix/cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "net/url.h"

#define INFO_NAME	"nix-cache-info"
#define INFO_BYTES_MAX	(64 * 1024)
#define STORE_DIR_FIELD "StoreDir:"

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

/* Refuses a cache of another store directory. As in Nix (libstore, BinaryCacheStore::init), blanks
 * and CR around a value do not matter, lines without a colon are ignored, and a cache that names no
 * store directory is taken. */
static int check_info(char *text, const char *url, struct error *err)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (!text_starts_with(line, STORE_DIR_FIELD))
			continue;
		line = text_trim(line + strlen(STORE_DIR_FIELD));
		if (strcmp(line, STORE_DIR) != 0)
			return error_set_code(err, EXIT_FETCH, -EINVAL,
				"%s: its store directory is %.200s, not " STORE_DIR, url, line);
	}
	return 0;
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

char *cache_archive_url(const char *cache, const struct narinfo *info)
{
	AUTO_FREE char *base = NULL, *name = NULL;

	if (url_is_remote(info->url))
		return url_of_path(info->url);
	if (url_is_remote(cache))
		return url_join(cache, info->url);
	base = url_of_path(cache);
	name = url_quote_path(info->url);
	return url_join(base, name);
}

static int read_narinfo(const char *cache, const char *store_path, struct download *document,
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
	else if (!trust->anything && !narinfo_is_content_addressed(ret))
		r = narinfo_verify(ret, trust->keys, trust->key_count, err);
	if (r == 0 && url_is_remote(ret->url) && url_is_remote(cache))
		r = url_check_redirect(cache, ret->url, err);
	if (r < 0)
		narinfo_free(ret);
	return r;
}

int cache_read_narinfo(const char *cache, const char *store_path, struct download *document,
	const struct cache_trust *trust, struct narinfo *ret, struct error *err)
{
	int r = read_narinfo(cache, store_path, document, trust, ret, err);

	if (r < 0) {
		AUTO_FREE char *url = cache_narinfo_url(cache, store_path);

		url_hide_credentials(url);
		error_wrap(err, "%s", url);
	} else if (ret->ca_ignored) {
		log_line(
			"warning: %s has a content address that does not belong to it; the address is ignored",
			store_path);
	}
	return r;
}
