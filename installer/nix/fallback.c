/* SPDX-License-Identifier: MIT */
#include "nix/fallback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "net/url.h"

int fallback_begin(struct fallback *ret, const struct cache_settings *settings, struct error *err)
{
	*ret = (struct fallback){ .settings = settings };
	return cache_read_trust(settings, &ret->trust, err);
}

void fallback_note_result(struct fallback *fallback, size_t cache, int r)
{
	if (r == -ETIMEDOUT)
		atomic_store(&fallback->unresponsive[cache], true);
}

int fallback_check(const struct fallback *fallback, size_t cache, struct error *err)
{
	AUTO_FREE char *shown = NULL;

	if (!atomic_load(&fallback->unresponsive[cache]))
		return 0;
	shown = url_shown(fallback->settings->caches[cache]);
	return error_set_code(err, EXIT_FETCH, -ETIMEDOUT, "%s does not answer any longer", shown);
}

bool fallback_helps(int r, const struct error *err)
{
	return r < 0 && err->code == EXIT_FETCH && !fallback_is_damage(r) && r != -ECANCELED;
}

bool fallback_is_damage(int r)
{
	return r == -EBADMSG;
}

/* Rejects a narinfo of another archive: plan and database are for the one that was chosen. */
static int check_same(const char *cache, const struct narinfo *decided, const struct narinfo *info,
	struct error *err)
{
	char hash[NIX32_CHARS(SHA256_BYTES) + 1];
	AUTO_FREE char *url = NULL;

	if (info->nar_bytes == decided->nar_bytes &&
		memcmp(info->nar_hash, decided->nar_hash, sizeof(info->nar_hash)) == 0)
		return 0;
	nix32_encode(info->nar_hash, sizeof(info->nar_hash), hash);
	url = cache_narinfo_url(cache, info->store_path);
	url_hide_credentials(url);
	return error_set_code(err, EXIT_FETCH, -EINVAL,
		"%s: it describes another archive of %s, with the hash sha256:%s", url,
		info->store_path, hash);
}

static int ask_cache(struct fallback *fallback, struct fetch *fetch, size_t cache,
	const struct narinfo *decided, struct narinfo *ret, struct error *err)
{
	const char *base = fallback->settings->caches[cache];
	struct download document = { .limit_bytes = NARINFO_BYTES_MAX };
	AUTO_FREE char *url = cache_narinfo_url(base, decided->store_path);
	int r = fallback_check(fallback, cache, err);

	if (r < 0)
		return r;
	r = fetch_stream(fetch, url, download_add, &document, err);
	fallback_note_result(fallback, cache, r);
	if (r == 0)
		r = cache_read_narinfo(
			base, decided->store_path, &document, &fallback->trust, ret, err);
	free(document.text);
	if (r < 0)
		return r;
	r = check_same(base, decided, ret, err);
	if (r < 0)
		narinfo_free(ret);
	return r;
}

int fallback_ask(struct fallback *fallback, struct fetch *fetch, size_t cache,
	const struct narinfo *decided, struct narinfo *ret, struct error *err)
{
	int r = ask_cache(fallback, fetch, cache, decided, ret, err);

	if (r == 0 || r == -ECANCELED)
		return r;
	err->code = EXIT_FETCH;
	return -ENOENT;
}
