/* SPDX-License-Identifier: MIT */
#include "nix/closure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "net/download.h"
#include "net/fetch.h"
#include "net/url.h"
#include "nix/cache.h"

#define SLOTS_START	  64
#define LOOKUPS_AT_A_TIME 32
#define WAIT_MS		  250

/* The closure on its way: paths that are visited are described, the others only named. */
struct walk {
	const struct cache_settings *settings;
	struct fetch *fetch;
	struct cache_trust trust;
	bool unreachable[CACHES_MAX]; /* so it was, in all attempts */
	struct closure closure;
	size_t *referrers; /* which path named it first, for sentences */
	size_t capacity;   /* of paths and referrers */
	size_t followed;   /* paths whose references are named */
	atomic_bool stop;
	int result; /* the first error's */
	struct error err;
};

static const char *base_name(const struct closure *closure, size_t index)
{
	return store_path_base_name(closure->paths[index].info.store_path);
}

/* The slot that holds this base name, or the free one where it belongs. A store path begins with
 * a hash, but who made the cache may have chosen it, so all of the name is mixed (FNV-1a). */
static uint32_t *find_slot(const struct closure *closure, const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	size_t at;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
	at = (size_t)(hash ^ hash >> 32) & (closure->slot_count - 1);
	while (closure->slots[at] && strcmp(base_name(closure, closure->slots[at] - 1), name) != 0)
		at = (at + 1) & (closure->slot_count - 1);
	return &closure->slots[at];
}

static void grow_slots(struct closure *closure)
{
	closure->slot_count = closure->slot_count ? 2 * closure->slot_count : SLOTS_START;
	free(closure->slots);
	closure->slots = must_realloc(NULL, closure->slot_count, sizeof(*closure->slots));
	memset(closure->slots, 0, closure->slot_count * sizeof(*closure->slots));
	for (size_t i = 0; i < closure->count; i++)
		*find_slot(closure, base_name(closure, i)) = (uint32_t)i + 1;
}

ssize_t closure_find(const struct closure *closure, const char *path_or_base_name)
{
	const char *name = path_or_base_name;

	if (strncmp(name, STORE_DIR "/", strlen(STORE_DIR "/")) == 0)
		name = store_path_base_name(name);
	return closure->slot_count ? (ssize_t)*find_slot(closure, name) - 1 : -1;
}

void closure_free(struct closure *closure)
{
	for (size_t i = 0; i < closure->count; i++) {
		narinfo_free(&closure->paths[i].info);
		free(closure->paths[i].other_text);
	}
	free(closure->paths);
	free(closure->slots);
	memset(closure, 0, sizeof(*closure));
}

/* Names a path that will be looked up, unless it is named already. */
static int add_path(struct walk *walk, const char *name, size_t referrer, struct error *err)
{
	struct closure *closure = &walk->closure;
	uint32_t *slot;

	if (2 * (closure->count + 1) > closure->slot_count)
		grow_slots(closure);
	slot = find_slot(closure, name);
	if (*slot)
		return 0;
	if (closure->count == CLOSURE_PATHS_MAX)
		return error_set_code(err, EXIT_FETCH, -E2BIG, "the closure has more than %d paths",
			CLOSURE_PATHS_MAX);
	if (closure->count == walk->capacity) {
		walk->capacity = walk->capacity ? 2 * walk->capacity : SLOTS_START;
		closure->paths = must_realloc(
			closure->paths, walk->capacity, sizeof(*closure->paths));
		walk->referrers = must_realloc(
			walk->referrers, walk->capacity, sizeof(*walk->referrers));
	}
	closure->paths[closure->count] = (struct closure_path){ 0 };
	snprintf(closure->paths[closure->count].info.store_path,
		sizeof(closure->paths[0].info.store_path), STORE_DIR "/%s", name);
	walk->referrers[closure->count] = referrer;
	*slot = (uint32_t)++closure->count;
	return 0;
}

/* Those that answer are asked. If none does, the last one's error is returned. */
static int check_caches(struct walk *walk, struct error *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < walk->settings->cache_count; i++) {
		r = cache_check(walk->fetch, walk->settings->caches[i], err);
		if (r < 0 && r != -ETIMEDOUT)
			return r;
		walk->unreachable[i] = r < 0;
		any = any || r == 0;
		if (r < 0)
			log_line("warning: a cache is left out: %s", err->text);
	}
	return any ? 0 : r;
}

/* The narinfo of a path from one cache, on its way. */
struct lookup {
	struct walk *walk;
	size_t index; /* of the path */
	size_t cache;
	struct download document;
	bool answered;	       /* by the cache that was asked last */
	struct error *refusal; /* why those of earlier caches were not believed; NULL for none */
};

static void take_narinfo(void *userdata, int r, struct error *err);

static void ask_narinfo(struct lookup *lookup)
{
	const struct walk *walk = lookup->walk;
	AUTO_FREE char *url = cache_narinfo_url(walk->settings->caches[lookup->cache],
		walk->closure.paths[lookup->index].info.store_path);
	const struct fetch_request request = {
		.url = url,
		.piece = download_add,
		.userdata = &lookup->document,
		.done = take_narinfo,
		.done_userdata = lookup,
	};

	lookup->document.size_bytes = 0;
	fetch_add(walk->fetch, &request);
}

/* Goes on to the next cache that answers; false if there is none. */
static bool next_cache(struct lookup *lookup)
{
	const struct walk *walk = lookup->walk;
	size_t cache = lookup->cache;

	do
		cache++;
	while (cache < walk->settings->cache_count && walk->unreachable[cache]);
	if (cache == walk->settings->cache_count)
		return false;
	lookup->cache = cache;
	return true;
}

/* Names a path and asks for its narinfo, unless it is named already. */
static int want_path(struct walk *walk, const char *name, size_t referrer, struct error *err)
{
	size_t index = walk->closure.count;
	int r = add_path(walk, name, referrer, err);
	struct lookup *lookup;

	if (r < 0 || walk->closure.count == index)
		return r;
	lookup = must_realloc(NULL, 1, sizeof(*lookup));
	*lookup = (struct lookup){
		.walk = walk,
		.index = index,
		.document.limit_bytes = NARINFO_BYTES_MAX,
	};
	if (walk->unreachable[0])
		(void)next_cache(lookup);
	ask_narinfo(lookup);
	return 0;
}

static int absent_error(const struct walk *walk, size_t index, struct error *err)
{
	const struct closure *closure = &walk->closure;
	const struct cache_settings *settings = walk->settings;
	char caches[512] = "";

	for (size_t i = 0; i < settings->cache_count; i++)
		text_append(caches, sizeof(caches), "%s%s%s", i ? ", " : "", settings->caches[i],
			walk->unreachable[i] ? " (which does not answer)" : "");
	url_hide_credentials(caches);
	if (index == 0)
		return error_set_code(err, EXIT_FETCH, -ENOENT, "%s is not in %s",
			closure->paths[0].info.store_path, caches);
	return error_set_code(err, EXIT_FETCH, -ENOENT, "%s, which %s refers to, is not in %s",
		closure->paths[index].info.store_path,
		closure->paths[walk->referrers[index]].info.store_path, caches);
}

static int read_answer(struct lookup *lookup, struct error *err)
{
	const struct walk *walk = lookup->walk;
	struct closure_path *path = &walk->closure.paths[lookup->index];
	struct narinfo info;
	int r = cache_read_narinfo(walk->settings->caches[lookup->cache], path->info.store_path,
		&lookup->document, &walk->trust, &info, err);

	if (r < 0)
		return r;
	path->info = info;
	path->cache = lookup->cache;
	return 0;
}

/* What a cache says that is malformed or not signed is passed over as Nix does, for one that says
 * better; but it is not forgotten if there is none. */
static void keep_refusal(struct lookup *lookup, const struct error *err)
{
	if (lookup->refusal) {
		text_append(lookup->refusal->text, sizeof(lookup->refusal->text), "; then %s",
			err->text);
		return;
	}
	lookup->refusal = must_realloc(NULL, 1, sizeof(*lookup->refusal));
	*lookup->refusal = *err;
}

/* The last cache had no good answer either. */
static int refused_error(const struct lookup *lookup, int r, struct error *err)
{
	char last[sizeof(err->text)];

	memcpy(last, err->text, sizeof(last));
	*err = *lookup->refusal;
	if (r == -ENOENT)
		text_append(err->text, sizeof(err->text), "; no other cache has it");
	else
		text_append(err->text, sizeof(err->text), "; then %s", last);
	return -EBADMSG;
}

static int add_size(struct closure *closure, size_t index, struct error *err)
{
	const struct narinfo *info = &closure->paths[index].info;

	if (__builtin_add_overflow(closure->nar_bytes, info->nar_bytes, &closure->nar_bytes) ||
		closure->nar_bytes > CLOSURE_BYTES_MAX)
		return error_set_code(err, EXIT_FETCH, -EOVERFLOW,
			"%s: with %" PRIu64 " bytes the closure is larger than any disk",
			info->store_path, info->nar_bytes);
	return 0;
}

/* Answers come in any order; references are followed in that of the paths, so that the closure is
 * the same every time. */
static int follow_references(struct walk *walk, struct error *err)
{
	struct closure *closure = &walk->closure;
	int r = 0;

	for (; r == 0 && walk->followed < closure->count; walk->followed++) {
		/* Adding moves the paths, but not what a narinfo points to. */
		const struct narinfo info = closure->paths[walk->followed].info;

		if (!info.text)
			return 0;
		for (size_t i = 0; i < info.reference_count && r == 0; i++)
			r = want_path(walk, info.references[i], walk->followed, err);
	}
	return r;
}

/* Asks the next cache if this one has no good answer; false if there is none to ask, or no need. */
static bool ask_next(struct lookup *lookup, int r, const struct error *err)
{
	struct walk *walk = lookup->walk;

	if (r == -ETIMEDOUT && !walk->unreachable[lookup->cache]) {
		walk->unreachable[lookup->cache] = true;
		log_line("warning: a cache is left out from now on: %s", err->text);
	}
	if ((!lookup->answered && r != -ENOENT && r != -ETIMEDOUT) || !next_cache(lookup))
		return false;
	if (lookup->answered) {
		log_line("warning: another cache is asked: %s", err->text);
		keep_refusal(lookup, err);
	}
	ask_narinfo(lookup);
	return true;
}

/* A path whose last answer this was is described, or the walk fails. */
static int end_lookup(const struct lookup *lookup, int r, struct error *err)
{
	struct walk *walk = lookup->walk;

	if (r == 0)
		r = add_size(&walk->closure, lookup->index, err);
	else if (lookup->refusal)
		r = refused_error(lookup, r, err);
	else if (r == -ENOENT)
		r = absent_error(walk, lookup->index, err);
	else if (!lookup->answered)
		error_wrap(err, "%s", walk->closure.paths[lookup->index].info.store_path);
	return r < 0 ? r : follow_references(walk, err);
}

static void take_narinfo(void *userdata, int r, struct error *err)
{
	struct lookup *lookup = userdata;
	struct walk *walk = lookup->walk;

	lookup->answered = r == 0;
	if (r == 0)
		r = read_answer(lookup, err);
	if (r < 0 && ask_next(lookup, r, err))
		return;
	r = end_lookup(lookup, r, err);
	if (r < 0 && walk->result == 0) {
		walk->result = r;
		walk->err = *err;
		atomic_store(&walk->stop, true);
	}
	free(lookup->refusal);
	free(lookup->document.text);
	free(lookup);
}

static int walk_all(struct walk *walk, const char *system, struct error *err)
{
	int r = cache_read_trust(walk->settings, &walk->trust, err);

	if (r == 0)
		r = check_caches(walk, err);
	if (r == 0)
		r = want_path(walk, store_path_base_name(system), 0, err);
	if (r < 0)
		return r;
	while (fetch_step(walk->fetch, WAIT_MS))
		;
	if (walk->result < 0)
		*err = walk->err;
	return walk->result;
}

/* Files come one at a time, whoever asks for more. */
static size_t choose_parallel(const struct cache_settings *settings)
{
	for (size_t i = 0; i < settings->cache_count; i++)
		if (url_is_remote(settings->caches[i]))
			return LOOKUPS_AT_A_TIME;
	return 1;
}

int closure_walk(const struct cache_settings *settings, const char *system, struct closure *ret,
	struct error *err)
{
	struct walk walk = { .settings = settings };
	int r;

	if (store_path_check(system) < 0)
		return error_set_code(
			err, EXIT_CONFIGURATION, -EINVAL, "'%s' is not a store path", system);
	if (settings->cache_count == 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL, "no cache is named");
	walk.fetch = fetch_new(&settings->fetch, choose_parallel(settings), &walk.stop);
	r = walk_all(&walk, system, err);
	fetch_free(&walk.fetch);
	free(walk.referrers);
	if (r < 0) {
		closure_free(&walk.closure);
		return r;
	}
	*ret = walk.closure;
	return 0;
}
