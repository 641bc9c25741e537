/* SPDX-License-Identifier: MIT */
#include "store/prefetch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "net/url.h"
#include "store/byte_ring.h"

#define WAIT_MS 250

/* An archive up to SMALL_BYTES gets a buffer for all of it, any other one a ring of RING_BYTES. */
#define SMALL_BYTES ((size_t)512 * 1024)
#define RING_BYTES  ((size_t)256 * 1024)

/* Bounds of each queue. There are more transfers than workers, or nothing would be prefetched. */
#define STREAMS_MAX	  128
#define LARGE_STREAMS_MAX 16
#define BUFFERS_BYTES	  ((size_t)8 * 1024 * 1024)

/* One transfer. */
struct prefetch_stream {
	struct prefetch_queue *queue;
	bool used;
	size_t position;
	struct byte_ring ring;
	bool full; /* the transfer is paused until space is free */
	bool ended;
	int result;
	struct error err;
};

/* The transfers of one thread: of the large archives, which are paused when their buffer is full,
 * or of the small ones. */
struct prefetch_queue {
	struct prefetch *prefetch;
	bool large;
	struct fetch *fetch;
	pthread_t thread;
	size_t next; /* next position to start */
	size_t buffers_bytes;
	size_t stream_count;
	struct prefetch_stream streams[STREAMS_MAX];
};

struct prefetch {
	const struct cache_settings *settings;
	struct fallback *fallback;
	const struct closure *closure;
	const size_t *order;
	const atomic_bool *stop;
	pthread_mutex_t lock; /* of everything in streams except the bytes */
	pthread_cond_t changed;
	struct prefetch_queue queues[2]; /* small, large */
	size_t started;			 /* threads */
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

/* What the archive will need, by its sizes. FileSize may be wrong: see PREFETCH_TOO_LONG. */
static uint64_t archive_bytes(const struct narinfo *info)
{
	if (info->compression == COMPRESSION_NONE)
		return info->nar_bytes;
	return info->file_bytes ? info->file_bytes : info->nar_bytes + RING_BYTES / 4;
}

static struct prefetch_queue *queue_of(struct prefetch *prefetch, size_t position)
{
	bool large = archive_bytes(&path_of(prefetch, position)->info) > SMALL_BYTES;

	return &prefetch->queues[large];
}

/* The size of an archive's buffer: of a small one all of it. */
static size_t buffer_bytes(const struct prefetch_queue *queue, size_t position)
{
	return queue->large ? RING_BYTES
			    : (size_t)archive_bytes(&path_of(queue->prefetch, position)->info);
}

static int take_prefetched_piece(
	void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct prefetch_stream *stream = userdata;
	struct prefetch *prefetch = stream->queue->prefetch;
	bool full;

	pthread_mutex_lock(&prefetch->lock);
	full = byte_ring_space(&stream->ring) < size_bytes;
	stream->full = full;
	pthread_mutex_unlock(&prefetch->lock);
	if (full && !stream->queue->large)
		return error_set_code(err, EXIT_FETCH, PREFETCH_TOO_LONG,
			"the archive is longer than its FileSize");
	if (full)
		return -EAGAIN;
	byte_ring_copy(&stream->ring, data, size_bytes);
	pthread_mutex_lock(&prefetch->lock);
	byte_ring_written(&stream->ring, size_bytes);
	pthread_cond_broadcast(&prefetch->changed);
	pthread_mutex_unlock(&prefetch->lock);
	return 0;
}

static void end_stream(void *userdata, int r, struct error *err)
{
	struct prefetch_stream *stream = userdata;
	struct prefetch *prefetch = stream->queue->prefetch;

	fallback_note_result(prefetch->fallback, path_of(prefetch, stream->position)->cache, r);
	pthread_mutex_lock(&prefetch->lock);
	stream->ended = true;
	stream->result = r;
	stream->err = *err;
	pthread_cond_broadcast(&prefetch->changed);
	pthread_mutex_unlock(&prefetch->lock);
}

static void begin_stream(struct prefetch_queue *queue, struct prefetch_stream *stream,
	size_t position, size_t capacity_bytes)
{
	struct prefetch *prefetch = queue->prefetch;
	AUTO_FREE char *url = url_of(prefetch, position);
	const struct fetch_request request = {
		.url = url,
		.pauses = queue->large,
		.piece = take_prefetched_piece,
		.userdata = stream,
		.done = end_stream,
		.done_userdata = stream,
	};

	stream->used = true;
	stream->position = position;
	byte_ring_init(&stream->ring, capacity_bytes);
	queue->buffers_bytes += capacity_bytes;
	stream->full = false;
	stream->result = fallback_check(
		prefetch->fallback, path_of(prefetch, position)->cache, &stream->err);
	stream->ended = stream->result < 0;
	if (!stream->ended)
		fetch_add(queue->fetch, &request);
	pthread_cond_broadcast(&prefetch->changed);
}

/* A free stream; NULL if the transfers or the bytes of their buffers have reached their bounds. */
static struct prefetch_stream *find_free_stream(struct prefetch_queue *queue, size_t capacity_bytes)
{
	if (queue->buffers_bytes + capacity_bytes > BUFFERS_BYTES)
		return NULL;
	for (size_t i = 0; i < queue->stream_count; i++)
		if (!queue->streams[i].used)
			return &queue->streams[i];
	return NULL;
}

/* Starts transfers as long as streams are free.
 *
 * In: the next position that has no transfer yet. Positions without a remote archive and those of
 * the other queue are skipped; each other one gets a stream, in order. Out: whether positions are
 * left. A cache that is marked unresponsive is not asked: its stream ends at once with -ETIMEDOUT,
 * and the worker that reads it continues with another cache. */
static bool begin_streams(struct prefetch_queue *queue)
{
	struct prefetch *prefetch = queue->prefetch;

	pthread_mutex_lock(&prefetch->lock);
	for (; queue->next < prefetch->closure->count; queue->next++) {
		struct prefetch_stream *stream;
		size_t capacity_bytes;

		if (queue_of(prefetch, queue->next) != queue ||
			!prefetch_covers(prefetch->settings, path_of(prefetch, queue->next)))
			continue;
		/* Later it may be known that its cache does not answer. */
		if (!queue->large && !fetch_starts_next(queue->fetch))
			break;
		capacity_bytes = buffer_bytes(queue, queue->next);
		stream = find_free_stream(queue, capacity_bytes);
		if (!stream)
			break;
		begin_stream(queue, stream, queue->next, capacity_bytes);
	}
	pthread_mutex_unlock(&prefetch->lock);
	return queue->next < prefetch->closure->count;
}

static void *fetch_all(void *userdata)
{
	struct prefetch_queue *queue = userdata;
	bool more = true, running = true;

	while ((more || running) && !atomic_load(queue->prefetch->stop)) {
		more = begin_streams(queue);
		running = fetch_step(queue->fetch, WAIT_MS);
	}
	return NULL;
}

/* The stream of a position; NULL if the copy was stopped. The lock is held. */
static struct prefetch_stream *wait_for_stream(struct prefetch *prefetch, size_t position)
{
	struct prefetch_queue *queue = queue_of(prefetch, position);

	while (!atomic_load(prefetch->stop)) {
		for (size_t i = 0; i < queue->stream_count; i++)
			if (queue->streams[i].used && queue->streams[i].position == position)
				return &queue->streams[i];
		pthread_cond_wait(&prefetch->changed, &prefetch->lock);
	}
	return NULL;
}

/* The next bytes in one piece; *ret_size_bytes is 0 at the end or if the copy was stopped. */
static const uint8_t *wait_for_bytes(struct prefetch_stream *stream, size_t *ret_size_bytes)
{
	struct prefetch *prefetch = stream->queue->prefetch;
	const uint8_t *bytes;

	pthread_mutex_lock(&prefetch->lock);
	bytes = byte_ring_next(&stream->ring, ret_size_bytes);
	while (*ret_size_bytes == 0 && !stream->ended && !atomic_load(prefetch->stop)) {
		pthread_cond_wait(&prefetch->changed, &prefetch->lock);
		bytes = byte_ring_next(&stream->ring, ret_size_bytes);
	}
	pthread_mutex_unlock(&prefetch->lock);
	return bytes;
}

/* Frees space in the ring. Continues a paused transfer only when half of the ring is free. */
static void release_bytes(struct prefetch_stream *stream, size_t size_bytes)
{
	struct prefetch *prefetch = stream->queue->prefetch;
	bool wake;

	pthread_mutex_lock(&prefetch->lock);
	byte_ring_read(&stream->ring, size_bytes);
	wake = stream->full && byte_ring_space(&stream->ring) >= RING_BYTES / 2;
	if (wake)
		stream->full = false;
	pthread_mutex_unlock(&prefetch->lock);
	if (wake)
		fetch_wake(stream->queue->fetch);
}

/* Returns the result of the transfer and frees its stream for another archive. */
static int release_buffer(struct prefetch_stream *stream, struct error *err)
{
	struct prefetch_queue *queue = stream->queue;
	struct prefetch *prefetch = queue->prefetch;
	int r;

	pthread_mutex_lock(&prefetch->lock);
	r = stream->ended ? stream->result : error_set(err, -ECANCELED, "the copy was stopped");
	if (stream->ended && r < 0)
		*err = stream->err;
	if (stream->ended) {
		queue->buffers_bytes -= stream->ring.capacity_bytes;
		byte_ring_free(&stream->ring);
		stream->used = false;
	}
	pthread_mutex_unlock(&prefetch->lock);
	fetch_wake(queue->fetch);
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
	for (;;) {
		const uint8_t *bytes = wait_for_bytes(stream, &size_bytes);
		int r;

		if (size_bytes == 0)
			break;
		r = piece(userdata, bytes, size_bytes, err);
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

static bool is_any_remote(const struct cache_settings *settings, const struct closure *closure)
{
	for (size_t i = 0; i < closure->count; i++)
		if (prefetch_covers(settings, &closure->paths[i]))
			return true;
	return false;
}

static void destroy_prefetch(struct prefetch *prefetch)
{
	for (size_t i = 0; i < prefetch->started; i++)
		pthread_join(prefetch->queues[i].thread, NULL);
	for (size_t i = 0; i < 2; i++) {
		fetch_free(&prefetch->queues[i].fetch);
		for (size_t j = 0; j < STREAMS_MAX; j++)
			byte_ring_free(&prefetch->queues[i].streams[j].ring);
	}
	pthread_cond_destroy(&prefetch->changed);
	pthread_mutex_destroy(&prefetch->lock);
	free(prefetch);
}

static void init_queue(struct prefetch *prefetch, bool large)
{
	struct prefetch_queue *queue = &prefetch->queues[large];

	queue->prefetch = prefetch;
	queue->large = large;
	queue->stream_count = large ? LARGE_STREAMS_MAX : STREAMS_MAX;
	queue->fetch = fetch_new(&prefetch->settings->fetch, queue->stream_count, prefetch->stop);
	for (size_t i = 0; i < queue->stream_count; i++)
		queue->streams[i].queue = queue;
}

int prefetch_start(struct fallback *fallback, const struct closure *closure, const size_t *order,
	atomic_bool *stop, struct prefetch **ret, struct error *err)
{
	struct prefetch *prefetch;

	*ret = NULL;
	if (!is_any_remote(fallback->settings, closure))
		return 0;
	prefetch = must_realloc(NULL, 1, sizeof(*prefetch));
	*prefetch = (struct prefetch){
		.settings = fallback->settings,
		.fallback = fallback,
		.closure = closure,
		.order = order,
		.stop = stop,
	};
	pthread_mutex_init(&prefetch->lock, NULL);
	pthread_cond_init(&prefetch->changed, NULL);
	init_queue(prefetch, false);
	init_queue(prefetch, true);
	for (; prefetch->started < 2; prefetch->started++) {
		struct prefetch_queue *queue = &prefetch->queues[prefetch->started];
		int r = thread_start(&queue->thread, fetch_all, queue);

		if (r < 0) {
			atomic_store(stop, true);
			destroy_prefetch(prefetch);
			return error_errno(err, r, "start a thread");
		}
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
	for (size_t i = 0; i < 2; i++)
		fetch_wake(prefetch->queues[i].fetch);
}

void prefetch_free(struct prefetch **prefetch)
{
	if (!*prefetch)
		return;
	destroy_prefetch(*prefetch);
	*prefetch = NULL;
}
