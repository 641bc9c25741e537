/* SPDX-License-Identifier: MIT */
#include "closure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "fetch.h"
#include "text.h"

#define CACHE_INFO_NAME	     "nix-cache-info"
#define CACHE_INFO_BYTES_MAX (64 * 1024)
#define SLOTS_START	     64

/* The closure on its way: paths that are visited are described, the others only named. */
struct walk {
	const struct config *config;
	struct fetch *fetch;
	struct trusted_key keys[CONFIG_TRUSTED_MAX];
	struct closure closure;
	size_t *referrers; /* which path named it first, for sentences */
	size_t capacity;   /* of paths and referrers */
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
	for (size_t i = 0; i < closure->count; i++)
		narinfo_free(&closure->paths[i].info);
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

/* "StoreDir: /nix/store" must stand in the cache's description. */
static int check_cache_info(char *text, const char *url, struct error *err)
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

static int check_caches(struct walk *walk, struct error *err)
{
	for (size_t i = 0; i < walk->config->cache_count; i++) {
		AUTO_FREE char *url = fetch_join(walk->config->caches[i], CACHE_INFO_NAME);
		AUTO_FREE char *text = NULL;
		size_t size;
		int r = fetch_document(walk->fetch, url, CACHE_INFO_BYTES_MAX, &text, &size, err);

		if (r < 0) {
			error_wrap(err, "%s is not a binary cache that can be read",
				walk->config->caches[i]);
			return r;
		}
		r = check_cache_info(text, url, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_keys(struct walk *walk, struct error *err)
{
	for (size_t i = 0; i < walk->config->trusted_key_count; i++) {
		int r = trusted_key_parse(walk->config->trusted_keys[i], &walk->keys[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The narinfo of a path from one cache; -ENOENT if it is not there. */
static int read_narinfo(struct walk *walk, const char *cache, const char *store_path,
	struct narinfo *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *url = NULL;
	char name[STORE_HASH_CHARS + sizeof(".narinfo")];
	size_t size;
	int r;

	snprintf(name, sizeof(name), "%.*s.narinfo", STORE_HASH_CHARS,
		store_path_base_name(store_path));
	url = fetch_join(cache, name);
	r = fetch_document(walk->fetch, url, NARINFO_BYTES_MAX, &text, &size, err);
	if (r < 0)
		return r;
	r = narinfo_parse(text, size, ret, err);
	if (r < 0) {
		error_wrap(err, "%s", url);
		return r;
	}
	if (strcmp(ret->store_path, store_path) == 0)
		return 0;
	r = error_set_code(err, EXIT_FETCH, -EINVAL, "%s: it describes %s, not %s", url,
		ret->store_path, store_path);
	narinfo_free(ret);
	return r;
}

static int absent_error(const struct walk *walk, size_t index, struct error *err)
{
	const struct closure *closure = &walk->closure;
	const struct config *config = walk->config;
	char caches[512] = "";

	for (size_t i = 0; i < config->cache_count; i++)
		text_append(caches, sizeof(caches), "%s%s", i ? ", " : "", config->caches[i]);
	if (index == 0)
		return error_set_code(err, EXIT_FETCH, -ENOENT, "%s is not in %s",
			closure->paths[0].info.store_path, caches);
	return error_set_code(err, EXIT_FETCH, -ENOENT, "%s, which %s refers to, is not in %s",
		closure->paths[index].info.store_path,
		closure->paths[walk->referrers[index]].info.store_path, caches);
}

/* Asks the caches in their order. */
static int describe_path(struct walk *walk, size_t index, struct error *err)
{
	struct closure_path *path = &walk->closure.paths[index];
	struct narinfo info;

	for (size_t i = 0; i < walk->config->cache_count; i++) {
		int r = read_narinfo(
			walk, walk->config->caches[i], path->info.store_path, &info, err);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		path->info = info;
		path->cache = i;
		return 0;
	}
	return absent_error(walk, index, err);
}

static int add_references(struct walk *walk, size_t index, struct error *err)
{
	/* Adding moves the paths, but not what a narinfo points to. */
	const char *const *references = walk->closure.paths[index].info.references;
	size_t count = walk->closure.paths[index].info.reference_count;

	for (size_t i = 0; i < count; i++) {
		int r = add_path(walk, references[i], index, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int visit_path(struct walk *walk, size_t index, struct error *err)
{
	struct narinfo *info;
	int r = describe_path(walk, index, err);

	if (r < 0)
		return r;
	info = &walk->closure.paths[index].info;
	if (!walk->config->trust_anything) {
		r = narinfo_verify(info, walk->keys, walk->config->trusted_key_count, err);
		if (r < 0)
			return r;
	}
	if (__builtin_add_overflow(
		    walk->closure.nar_bytes, info->nar_bytes, &walk->closure.nar_bytes) ||
		walk->closure.nar_bytes > INT64_MAX)
		return error_set_code(err, EXIT_FETCH, -EOVERFLOW,
			"%s: with %" PRIu64 " bytes the closure is larger than any disk",
			info->store_path, info->nar_bytes);
	return add_references(walk, index, err);
}

static int walk_all(struct walk *walk, const char *system, struct error *err)
{
	int r = parse_keys(walk, err);

	if (r == 0)
		r = check_caches(walk, err);
	if (r == 0)
		r = add_path(walk, store_path_base_name(system), 0, err);
	for (size_t i = 0; r == 0 && i < walk->closure.count; i++)
		r = visit_path(walk, i, err);
	return r;
}

int closure_walk(
	const struct config *config, const char *system, struct closure *ret, struct error *err)
{
	struct walk walk = { .config = config };
	int r;

	if (store_path_check(system) < 0)
		return error_set_code(
			err, EXIT_CONFIGURATION, -EINVAL, "'%s' is not a store path", system);
	if (config->cache_count == 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL, "no cache is named");
	walk.fetch = fetch_new(NULL);
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
