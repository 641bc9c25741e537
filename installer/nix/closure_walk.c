/* SPDX-License-Identifier: MIT */
#include "nix/closure_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "net/download.h"
#include "net/fetch.h"
#include "net/url.h"
#include "nix/cache.h"
#include "nix/narinfo_queue.h"

#define LOOKUPS_AT_A_TIME 256
#define WAIT_MS		  250

/* A traversal of the closure. Paths that were visited are described, the others only named. */
struct traversal {
	const struct cache_settings *settings;
	struct fetch *fetch;
	size_t fetching; /* requests */
	struct cache_trust trust;
	struct narinfo_queue *queue;
	bool any_remote;	   /* a cache is reached over the network */
	bool left_out[CACHES_MAX]; /* is no cache of this store, or failed in all attempts */
	struct closure closure;
	size_t *referrers; /* for each path, the one that refers to it first */
	size_t followed;   /* paths whose references are named */
	atomic_bool stop;
	int result; /* of the first error */
	struct error err;
};

/* Adds a path to be looked up, unless it is present. */
static int add_path(
	struct traversal *traversal, const char *name, size_t referrer, struct error *err)
{
	struct closure *closure = &traversal->closure;
	size_t capacity = closure->capacity;
	int r = closure_add(closure, name);

	if (r < 0)
		return error_set_code(err, EXIT_FETCH, r, "the closure has more than %d paths",
			CLOSURE_PATHS_MAX);
	if (r == 0)
		return 0;
	if (closure->capacity != capacity)
		traversal->referrers = must_realloc(
			traversal->referrers, closure->capacity, sizeof(*traversal->referrers));
	traversal->referrers[closure->count - 1] = referrer;
	return 0;
}

/* Checks all caches and excludes those that cannot be read or are for another store, as Nix does.
 * If none is left, returns the errors of all. */
static int check_caches(struct traversal *traversal, struct error *err)
{
	struct error reason;
	size_t bad = 0;
	int r = 0;

	for (size_t i = 0; i < traversal->settings->cache_count; i++) {
		int one = cache_check(traversal->fetch, traversal->settings->caches[i], &reason);

		traversal->left_out[i] = one < 0;
		if (one == 0)
			continue;
		log_line("warning: a cache is left out: %s", reason.text);
		if (bad++ == 0)
			*err = reason;
		else
			text_append(err->text, sizeof(err->text), "; then %s", reason.text);
		r = one;
	}
	return bad == traversal->settings->cache_count ? r : 0;
}

/* A lookup of one path, in one cache after the other. */
struct lookup {
	struct narinfo_request
		request; /* in the queue or not; first, so that a lookup is found by it */
	struct traversal *traversal;
	size_t index; /* of the path */
	size_t cache;
	bool answered; /* the cache that was asked last has sent a narinfo */
	struct error
		*refusal; /* why the narinfos of earlier caches were rejected; NULL if none was */
};

_Static_assert(offsetof(struct lookup, request) == 0, "a lookup begins with its request");

static void receive_narinfo(void *userdata, int r, struct error *err);

static void fetch_narinfo(struct lookup *lookup)
{
	struct traversal *traversal = lookup->traversal;
	AUTO_FREE char *url = cache_narinfo_url(lookup->request.cache, lookup->request.store_path);
	const struct fetch_request request = {
		.url = url,
		.piece = download_add,
		.userdata = &lookup->request.document,
		.done = receive_narinfo,
		.done_userdata = lookup,
	};

	lookup->request.is_file = false;
	lookup->request.document.size_bytes = 0;
	traversal->fetching++;
	fetch_add(traversal->fetch, &request);
}

static void request_narinfo(struct lookup *lookup)
{
	struct traversal *traversal = lookup->traversal;

	lookup->request.cache = traversal->settings->caches[lookup->cache];
	lookup->request.is_file = narinfo_queue_reads(lookup->request.cache);
	lookup->request.document.size_bytes = 0;
	if (lookup->request.is_file)
		narinfo_queue_add(traversal->queue, &lookup->request);
	else
		fetch_narinfo(lookup);
}

/* Selects the next cache that answers; false if there is none. */
static bool next_cache(struct lookup *lookup)
{
	const struct traversal *traversal = lookup->traversal;
	size_t cache = lookup->cache;

	do
		cache++;
	while (cache < traversal->settings->cache_count && traversal->left_out[cache]);
	if (cache == traversal->settings->cache_count)
		return false;
	lookup->cache = cache;
	return true;
}

/* Adds a path and requests its narinfo, unless it is present. */
static int visit_path(
	struct traversal *traversal, const char *name, size_t referrer, struct error *err)
{
	size_t index = traversal->closure.count;
	int r = add_path(traversal, name, referrer, err);
	struct lookup *lookup;

	if (r < 0 || traversal->closure.count == index)
		return r;
	lookup = must_realloc(NULL, 1, sizeof(*lookup));
	*lookup = (struct lookup){
		.traversal = traversal,
		.index = index,
		.request.document.limit_bytes = NARINFO_BYTES_MAX,
	};
	memcpy(lookup->request.store_path, traversal->closure.paths[index].info.store_path,
		sizeof(lookup->request.store_path));
	if (traversal->left_out[0])
		(void)next_cache(lookup);
	request_narinfo(lookup);
	return 0;
}

static int absent_error(const struct traversal *traversal, size_t index, struct error *err)
{
	const struct closure *closure = &traversal->closure;
	const struct cache_settings *settings = traversal->settings;
	char caches[512] = "";

	for (size_t i = 0; i < settings->cache_count; i++)
		text_append(caches, sizeof(caches), "%s%s%s", i ? ", " : "", settings->caches[i],
			traversal->left_out[i] ? " (which is left out)" : "");
	url_hide_credentials(caches);
	/* Only what was asked for refers to itself. */
	if (traversal->referrers[index] == index)
		return error_set_code(err, EXIT_FETCH, -ENOENT, "%s is not in %s",
			closure->paths[index].info.store_path, caches);
	return error_set_code(err, EXIT_FETCH, -ENOENT, "%s, which %s refers to, is not in %s",
		closure->paths[index].info.store_path,
		closure->paths[traversal->referrers[index]].info.store_path, caches);
}

/* A malformed or unsigned narinfo, or one that is not given without a password, is skipped in
 * favour of the next cache, as Nix does. The reason is kept for the case that no cache has a valid
 * one. */
static void save_refusal(struct lookup *lookup, const struct error *err)
{
	if (lookup->refusal) {
		text_append(lookup->refusal->text, sizeof(lookup->refusal->text), "; then %s",
			err->text);
		return;
	}
	lookup->refusal = must_realloc(NULL, 1, sizeof(*lookup->refusal));
	*lookup->refusal = *err;
}

/* Forms the error when the last cache has no valid narinfo either. */
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

/* Visits the references of described paths. Answers arrive in any order; references are followed
 * in the order of the paths, so that the closure is always the same. */
static int follow_references(struct traversal *traversal, struct error *err)
{
	struct closure *closure = &traversal->closure;
	int r = 0;

	for (; r == 0 && traversal->followed < closure->count; traversal->followed++) {
		/* Adding a path may move the array, but not what a narinfo points to. */
		const struct narinfo info = closure->paths[traversal->followed].info;

		if (!info.text)
			return 0;
		for (size_t i = 0; i < info.reference_count && r == 0; i++)
			r = visit_path(traversal, info.references[i], traversal->followed, err);
	}
	return r;
}

/* Continues with the next cache after a failure; false if that cannot help or none is left. */
static bool try_next_cache(struct lookup *lookup, int r, const struct error *err)
{
	struct traversal *traversal = lookup->traversal;

	if (r == -ETIMEDOUT && !traversal->left_out[lookup->cache]) {
		traversal->left_out[lookup->cache] = true;
		log_line("warning: a cache is left out from now on: %s", err->text);
	}
	if ((!lookup->answered && r != -ENOENT && r != -EACCES && r != -ETIMEDOUT) ||
		!next_cache(lookup))
		return false;
	if (lookup->answered || r == -EACCES) {
		log_line("warning: another cache is asked: %s", err->text);
		save_refusal(lookup, err);
	}
	request_narinfo(lookup);
	return true;
}

/* Ends a lookup: the path is described, or the traversal fails. */
static int end_lookup(const struct lookup *lookup, int r, struct error *err)
{
	struct traversal *traversal = lookup->traversal;

	if (r == 0)
		r = add_size(&traversal->closure, lookup->index, err);
	else if (lookup->refusal)
		r = refused_error(lookup, r, err);
	else if (r == -ENOENT)
		r = absent_error(traversal, lookup->index, err);
	else if (!lookup->answered)
		error_wrap(err, "%s", traversal->closure.paths[lookup->index].info.store_path);
	if (r < 0)
		return r;
	return follow_references(traversal, err);
}

/* Continues after a lookup in one cache. */
static void finish_lookup(struct lookup *lookup, int r, struct error *err)
{
	struct traversal *traversal = lookup->traversal;

	if (r < 0 && traversal->result == 0 && try_next_cache(lookup, r, err))
		return;
	if (traversal->result == 0)
		r = end_lookup(lookup, r, err);
	if (r < 0 && traversal->result == 0) {
		traversal->result = r;
		traversal->err = *err;
		atomic_store(&traversal->stop, true);
	}
	free(lookup->refusal);
	free(lookup->request.document.text);
	free(lookup);
}

static void receive_narinfo(void *userdata, int r, struct error *err)
{
	struct lookup *lookup = userdata;

	lookup->traversal->fetching--;
	lookup->answered = false;
	if (r < 0)
		finish_lookup(lookup, r, err);
	else
		narinfo_queue_add(lookup->traversal->queue, &lookup->request);
}

/* Takes a narinfo that was verified, or was not, from the queue. */
static void take_narinfo(struct lookup *lookup)
{
	struct narinfo_request *request = &lookup->request;
	struct closure_path *path = &lookup->traversal->closure.paths[lookup->index];

	if (request->unread) {
		fetch_narinfo(lookup);
		return;
	}
	lookup->answered = !request->is_file || request->result != -ENOENT;
	if (request->result == 0) {
		path->info = request->info;
		path->cache = lookup->cache;
	}
	finish_lookup(lookup, request->result, &request->err);
}

/* Returns whether anything is left to do. What is in files is looked up in a fixed order, so that
 * the first error is always the same. */
static bool continue_traversal(struct traversal *traversal)
{
	struct narinfo_request *request;

	if (traversal->fetching > 0)
		fetch_step(traversal->fetch, WAIT_MS);
	if (traversal->fetching > 0 && !traversal->any_remote)
		return true;
	do {
		request = narinfo_queue_take(traversal->queue, traversal->fetching == 0);
		if (request)
			take_narinfo((struct lookup *)request);
	} while (request && (traversal->any_remote || traversal->fetching == 0));
	return request || traversal->fetching > 0;
}

static int traverse(
	struct traversal *traversal, const char *system, const char *second, struct error *err)
{
	int r = cache_read_trust(traversal->settings, &traversal->trust, err);

	if (r < 0)
		return r;
	r = check_caches(traversal, err);
	if (r < 0)
		return r;
	traversal->queue = narinfo_queue_new(&traversal->trust,
		traversal->any_remote ? traversal->fetch : NULL, &traversal->stop);
	r = visit_path(traversal, store_path_base_name(system), 0, err);
	if (r < 0)
		return r;
	if (second[0])
		r = visit_path(
			traversal, store_path_base_name(second), traversal->closure.count, err);
	if (r < 0)
		return r;
	while (continue_traversal(traversal))
		;
	if (traversal->result < 0)
		*err = traversal->err;
	return traversal->result;
}

static bool is_any_cache_remote(const struct cache_settings *settings)
{
	for (size_t i = 0; i < settings->cache_count; i++)
		if (url_is_remote(settings->caches[i]))
			return true;
	return false;
}

int closure_walk(const struct cache_settings *settings, const char *system, const char *second,
	struct closure *ret, struct error *err)
{
	struct traversal traversal = { .settings = settings };
	int r;

	if (store_path_check(system) < 0)
		return error_set_code(
			err, EXIT_CONFIGURATION, -EINVAL, "'%s' is not a store path", system);
	if (settings->cache_count == 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL, "no cache is named");
	traversal.any_remote = is_any_cache_remote(settings);
	/* Files are fetched one at a time, in order; only network lookups run in parallel. */
	traversal.fetch = fetch_new(
		&settings->fetch, traversal.any_remote ? LOOKUPS_AT_A_TIME : 1, &traversal.stop);
	r = traverse(&traversal, system, second, err);
	narinfo_queue_free(&traversal.queue);
	fetch_free(&traversal.fetch);
	free(traversal.referrers);
	if (r < 0) {
		closure_free(&traversal.closure);
		return r;
	}
	*ret = traversal.closure;
	return 0;
}
