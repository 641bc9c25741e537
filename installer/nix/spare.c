/* SPDX-License-Identifier: MIT */
#include "nix/spare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "net/url.h"

int spare_begin(struct spare *ret, const struct cache_settings *settings, struct error *err)
{
	*ret = (struct spare){ .settings = settings };
	return cache_read_trust(settings, &ret->trust, err);
}

void spare_note(struct spare *spare, size_t cache, int r)
{
	if (r == -ETIMEDOUT)
		atomic_store(&spare->silent[cache], true);
}

int spare_check(const struct spare *spare, size_t cache, struct error *err)
{
	AUTO_FREE char *shown = NULL;

	if (!atomic_load(&spare->silent[cache]))
		return 0;
	shown = url_shown(spare->settings->caches[cache]);
	return error_set_code(err, EXIT_FETCH, -ETIMEDOUT, "%s does not answer any longer", shown);
}

bool spare_helps(int r, const struct error *err)
{
	return r < 0 && err->code == EXIT_FETCH && !spare_is_damage(r) && r != -ECANCELED;
}

bool spare_is_damage(int r)
{
	return r == -EBADMSG;
}

/* The plan, and the database, are for one archive. */
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

static int ask(struct spare *spare, struct fetch *fetch, size_t cache,
	const struct narinfo *decided, struct narinfo *ret, struct error *err)
{
	const char *base = spare->settings->caches[cache];
	struct document document = { .limit_bytes = NARINFO_BYTES_MAX };
	AUTO_FREE char *url = cache_narinfo_url(base, decided->store_path);
	int r = spare_check(spare, cache, err);

	if (r < 0)
		return r;
	r = fetch_stream(fetch, url, document_add, &document, err);
	spare_note(spare, cache, r);
	if (r == 0)
		r = cache_read_narinfo(
			base, decided->store_path, &document, &spare->trust, ret, err);
	free(document.text);
	if (r < 0)
		return r;
	r = check_same(base, decided, ret, err);
	if (r < 0)
		narinfo_free(ret);
	return r;
}

int spare_ask(struct spare *spare, struct fetch *fetch, size_t cache, const struct narinfo *decided,
	struct narinfo *ret, struct error *err)
{
	int r = ask(spare, fetch, cache, decided, ret, err);

	if (r == 0 || r == -ECANCELED)
		return r;
	err->code = EXIT_FETCH;
	return -ENOENT;
}
