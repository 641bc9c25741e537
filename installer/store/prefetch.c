/* SPDX-License-Identifier: MIT */
#include "store/prefetch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "net/url.h"

#define STREAMS	     16 /* more than there are workers, or nothing would be prefetched */
#define STREAM_BYTES ((size_t)256 * 1024)
#define WAIT_MS	     250

/* One transfer; bytes is a ring buffer. */
struct prefetch_stream {
	struct prefetch *prefetch;
	bool used;
	size_t position;
	uint8_t *bytes;
	uint64_t written_bytes, read_bytes; /* in total */
	bool full;			    /* the transfer is paused until space is free */
	bool ended;
	int result;
	struct error err;
};

struct prefetch {
	const struct cache_settings *settings;
	struct fallback *fallback;
	const struct closure *closure;
	const size_t *order;
	const atomic_bool *stop;
	struct fetch *fetch;
	pthread_t thread;
	size_t next;	      /* next position to start */
	pthread_mutex_t lock; /* of everything in streams except the bytes */
	pthread_cond_t changed;
	struct prefetch_stream streams[STREAMS];
};

bool prefetch_covers(const struct cache_settings *settings, const struct closure_path *path)
{
	return url_is_remote(settings->caches[path->cache]) || url_is_remote(path->info.url);
}

static const struct closure_path *path_of(const struct prefetch *prefetch, size_t position)
{
	return &prefetch->closure->paths[prefetch->order[position]];
}

static char *url_of(const struct prefetch *prefetch, size_t position)
{
	const struct closure_path *path = path_of(prefetch, position);

	return cache_archive_url(prefetch->settings->caches[path->cache], &path->info);
}

/* ------------------------------------------------------------ the thread that fetches */

/* Appends to the ring buffer. */
static void ring_write(struct prefetch_stream *stream, const uint8_t *data, size_t size_bytes)
{
	size_t at = (size_t)(stream->written_bytes % STREAM_BYTES);
	size_t first_bytes = STREAM_BYTES - at < size_bytes ? STREAM_BYTES - at : size_bytes;

	memcpy(stream->bytes + at, data, first_bytes);
	memcpy(stream->bytes, data + first_bytes, size_bytes - first_bytes);
}

static int take_prefetched_piece(
	void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct prefetch_stream *stream = userdata;
	struct prefetch *prefetch = stream->prefetch;
	bool full;

	(void)err;
	pthread_mutex_lock(&prefetch->lock);
	full = STREAM_BYTES - (stream->written_bytes - stream->read_bytes) < size_bytes;
	stream->full = full;
	pthread_mutex_unlock(&prefetch->lock);
	if (full)
		return -EAGAIN;
	ring_write(stream, data, size_bytes);
	pthread_mutex_lock(&prefetch->lock);
	stream->written_bytes += size_bytes;
	pthread_cond_broadcast(&prefetch->changed);
	pthread_mutex_unlock(&prefetch->lock);
	return 0;
}

static void end_stream(void *userdata, int r, struct error *err)
{
	struct prefetch_stream *stream = userdata;

	fallback_note_result(
		stream->prefetch->fallback, path_of(stream->prefetch, stream->position)->cache, r);
	pthread_mutex_lock(&stream->prefetch->lock);
	stream->ended = true;
	stream->result = r;
	stream->err = *err;
	pthread_cond_broadcast(&stream->prefetch->changed);
	pthread_mutex_unlock(&stream->prefetch->lock);
}

static void begin_stream(struct prefetch *prefetch, struct prefetch_stream *stream, size_t position)
{
	AUTO_FREE char *url = url_of(prefetch, position);
	const struct fetch_request request = {
		.url = url,
		.piece = take_prefetched_piece,
		.userdata = stream,
		.done = end_stream,
		.done_userdata = stream,
	};

	stream->used = true;
	stream->position = position;
	stream->written_bytes = stream->read_bytes = 0;
	stream->full = false;
	stream->result = fallback_check(
		prefetch->fallback, path_of(prefetch, position)->cache, &stream->err);
	stream->ended = stream->result < 0;
	if (!stream->ended)
		fetch_add(prefetch->fetch, &request);
	pthread_cond_broadcast(&prefetch->changed);
}

/* Starts transfers as long as streams are free.
 *
 * In: the next position that has no transfer yet. Positions without a remote archive are
 * skipped; each other one gets a stream, in order. Out: whether positions are left. A cache that
 * is marked unresponsive is not asked: its stream ends at once with -ETIMEDOUT, and the worker
 * that reads it continues with another cache. */
static bool begin_streams(struct prefetch *prefetch)
{
	struct prefetch_stream *stream = prefetch->streams;

	pthread_mutex_lock(&prefetch->lock);
	while (prefetch->next < prefetch->closure->count) {
		if (prefetch_covers(prefetch->settings, path_of(prefetch, prefetch->next))) {
			while (stream < prefetch->streams + STREAMS && stream->used)
				stream++;
			if (stream == prefetch->streams + STREAMS)
				break;
			begin_stream(prefetch, stream, prefetch->next);
		}
		prefetch->next++;
	}
	pthread_mutex_unlock(&prefetch->lock);
	return prefetch->next < prefetch->closure->count;
}

static void *fetch_all(void *userdata)
{
	struct prefetch *prefetch = userdata;
	bool more = true, running = true;

	while ((more || running) && !atomic_load(prefetch->stop)) {
		more = begin_streams(prefetch);
		running = fetch_step(prefetch->fetch, WAIT_MS);
	}
	return NULL;
}

/* ------------------------------------------------------------ the workers */

/* The stream of a position; NULL if the copy was stopped. The lock is held. */
static struct prefetch_stream *wait_for_stream(struct prefetch *prefetch, size_t position)
{
	while (!atomic_load(prefetch->stop)) {
		for (struct prefetch_stream *stream = prefetch->streams;
			stream < prefetch->streams + STREAMS; stream++)
			if (stream->used && stream->position == position)
				return stream;
		pthread_cond_wait(&prefetch->changed, &prefetch->lock);
	}
	return NULL;
}

/* The number of bytes that can be read in one piece; 0 at the end or if the copy was stopped. */
static size_t wait_for_bytes(struct prefetch_stream *stream)
{
	struct prefetch *prefetch = stream->prefetch;
	size_t at = (size_t)(stream->read_bytes % STREAM_BYTES), size_bytes;

	pthread_mutex_lock(&prefetch->lock);
	while (stream->written_bytes == stream->read_bytes && !stream->ended &&
		!atomic_load(prefetch->stop))
		pthread_cond_wait(&prefetch->changed, &prefetch->lock);
	size_bytes = (size_t)(stream->written_bytes - stream->read_bytes);
	pthread_mutex_unlock(&prefetch->lock);
	return size_bytes < STREAM_BYTES - at ? size_bytes : STREAM_BYTES - at;
}

/* Frees space in the ring. Continues a paused transfer only when half of the ring is free. */
static void release_bytes(struct prefetch_stream *stream, size_t size_bytes)
{
	struct prefetch *prefetch = stream->prefetch;
	bool wake;

	pthread_mutex_lock(&prefetch->lock);
	stream->read_bytes += size_bytes;
	wake = stream->full && stream->written_bytes - stream->read_bytes <= STREAM_BYTES / 2;
	if (wake)
		stream->full = false;
	pthread_mutex_unlock(&prefetch->lock);
	if (wake)
		fetch_wake(prefetch->fetch);
}

/* Returns the result of the transfer and frees its stream for another archive. */
static int release_buffer(struct prefetch_stream *stream, struct error *err)
{
	struct prefetch *prefetch = stream->prefetch;
	int r;

	pthread_mutex_lock(&prefetch->lock);
	r = stream->ended ? stream->result : error_set(err, -ECANCELED, "the copy was stopped");
	if (stream->ended && r < 0)
		*err = stream->err;
	if (stream->ended)
		stream->used = false;
	pthread_mutex_unlock(&prefetch->lock);
	fetch_wake(prefetch->fetch);
	return r;
}

int prefetch_read(struct prefetch *prefetch, size_t position, fetch_piece_fn *piece, void *userdata,
	struct error *err)
{
	struct prefetch_stream *stream;
	size_t size_bytes;

	pthread_mutex_lock(&prefetch->lock);
	stream = wait_for_stream(prefetch, position);
	pthread_mutex_unlock(&prefetch->lock);
	if (!stream)
		return error_set(err, -ECANCELED, "the copy was stopped");
	while ((size_bytes = wait_for_bytes(stream)) > 0) {
		int r = piece(userdata, stream->bytes + stream->read_bytes % STREAM_BYTES,
			size_bytes, err);

		if (r < 0) {
			AUTO_FREE char *url = url_of(prefetch, position);

			url_hide_credentials(url);
			error_wrap(err, "%s", url);
			return r;
		}
		release_bytes(stream, size_bytes);
	}
	return release_buffer(stream, err);
}

/* ------------------------------------------------------------ beginning and end */

static bool is_any_remote(const struct cache_settings *settings, const struct closure *closure)
{
	for (size_t i = 0; i < closure->count; i++)
		if (prefetch_covers(settings, &closure->paths[i]))
			return true;
	return false;
}

static void destroy_prefetch(struct prefetch *prefetch)
{
	fetch_free(&prefetch->fetch);
	for (size_t i = 0; i < STREAMS; i++)
		free(prefetch->streams[i].bytes);
	pthread_cond_destroy(&prefetch->changed);
	pthread_mutex_destroy(&prefetch->lock);
	free(prefetch);
}

int prefetch_start(struct fallback *fallback, const struct closure *closure, const size_t *order,
	const atomic_bool *stop, struct prefetch **ret, struct error *err)
{
	const struct cache_settings *settings = fallback->settings;
	struct prefetch *prefetch = NULL;
	int r;

	*ret = NULL;
	if (!is_any_remote(settings, closure))
		return 0;
	prefetch = must_realloc(NULL, 1, sizeof(*prefetch));
	*prefetch = (struct prefetch){
		.settings = settings,
		.fallback = fallback,
		.closure = closure,
		.order = order,
		.stop = stop,
		.fetch = fetch_new(&settings->fetch, STREAMS, stop),
	};
	pthread_mutex_init(&prefetch->lock, NULL);
	pthread_cond_init(&prefetch->changed, NULL);
	for (size_t i = 0; i < STREAMS; i++)
		prefetch->streams[i] = (struct prefetch_stream){
			.prefetch = prefetch,
			.bytes = must_realloc(NULL, STREAM_BYTES, 1),
		};
	r = thread_start(&prefetch->thread, fetch_all, prefetch);
	if (r < 0) {
		destroy_prefetch(prefetch);
		return error_errno(err, r, "start a thread");
	}
	*ret = prefetch;
	return 0;
}

void prefetch_stop(struct prefetch *prefetch)
{
	if (!prefetch)
		return;
	pthread_mutex_lock(&prefetch->lock);
	pthread_cond_broadcast(&prefetch->changed);
	pthread_mutex_unlock(&prefetch->lock);
	fetch_wake(prefetch->fetch);
}

void prefetch_free(struct prefetch **prefetch)
{
	if (!*prefetch)
		return;
	pthread_join((*prefetch)->thread, NULL);
	destroy_prefetch(*prefetch);
	*prefetch = NULL;
}
