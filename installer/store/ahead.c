/* SPDX-License-Identifier: MIT */
#include "store/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "net/url.h"

#define STREAMS	     16 /* more than there are lanes, or nothing would be ahead */
#define STREAM_BYTES ((size_t)256 * 1024)
#define WAIT_MS	     250

/* One archive on its way; bytes is a ring. */
struct stream {
	struct ahead *ahead;
	bool used;
	size_t turn;
	uint8_t *bytes;
	uint64_t written_bytes, read_bytes; /* ever */
	bool full;			    /* the transfer waits for room */
	bool ended;
	int result;
	struct error err;
};

struct ahead {
	const struct cache_settings *settings;
	struct spare *spare;
	const struct closure *closure;
	const size_t *order;
	const atomic_bool *stop;
	struct fetch *fetch;
	pthread_t thread;
	size_t next;	      /* turn to begin */
	pthread_mutex_t lock; /* of all in streams but the bytes */
	pthread_cond_t changed;
	struct stream streams[STREAMS];
};

bool ahead_has(const struct cache_settings *settings, const struct closure_path *path)
{
	return url_is_remote(settings->caches[path->cache]);
}

static const struct closure_path *path_of(const struct ahead *ahead, size_t turn)
{
	return &ahead->closure->paths[ahead->order[turn]];
}

static char *url_of(const struct ahead *ahead, size_t turn)
{
	const struct closure_path *path = path_of(ahead, turn);

	return url_join(ahead->settings->caches[path->cache], path->info.url);
}

/* ------------------------------------------------------------ the thread that fetches */

/* Copies into the ring, from the byte on that was the last one. */
static void put(struct stream *stream, const uint8_t *data, size_t size_bytes)
{
	size_t at = (size_t)(stream->written_bytes % STREAM_BYTES);
	size_t first_bytes = STREAM_BYTES - at < size_bytes ? STREAM_BYTES - at : size_bytes;

	memcpy(stream->bytes + at, data, first_bytes);
	memcpy(stream->bytes, data + first_bytes, size_bytes - first_bytes);
}

static int store_piece(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct stream *stream = userdata;
	struct ahead *ahead = stream->ahead;
	bool full;

	(void)err;
	pthread_mutex_lock(&ahead->lock);
	full = STREAM_BYTES - (stream->written_bytes - stream->read_bytes) < size_bytes;
	stream->full = full;
	pthread_mutex_unlock(&ahead->lock);
	if (full)
		return -EAGAIN;
	put(stream, data, size_bytes);
	pthread_mutex_lock(&ahead->lock);
	stream->written_bytes += size_bytes;
	pthread_cond_broadcast(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	return 0;
}

static void end_stream(void *userdata, int r, struct error *err)
{
	struct stream *stream = userdata;

	spare_note(stream->ahead->spare, path_of(stream->ahead, stream->turn)->cache, r);
	pthread_mutex_lock(&stream->ahead->lock);
	stream->ended = true;
	stream->result = r;
	stream->err = *err;
	pthread_cond_broadcast(&stream->ahead->changed);
	pthread_mutex_unlock(&stream->ahead->lock);
}

static void begin_stream(struct ahead *ahead, struct stream *stream, size_t turn)
{
	AUTO_FREE char *url = url_of(ahead, turn);
	const struct fetch_request request = {
		.url = url,
		.piece = store_piece,
		.userdata = stream,
		.done = end_stream,
		.done_userdata = stream,
	};

	stream->used = true;
	stream->turn = turn;
	stream->written_bytes = stream->read_bytes = 0;
	stream->full = false;
	stream->result = spare_check(ahead->spare, path_of(ahead, turn)->cache, &stream->err);
	stream->ended = stream->result < 0;
	if (!stream->ended)
		fetch_add(ahead->fetch, &request);
	pthread_cond_broadcast(&ahead->changed);
}

/* As many as there are free streams for. Whether there are more. */
static bool begin_streams(struct ahead *ahead)
{
	struct stream *stream = ahead->streams;

	pthread_mutex_lock(&ahead->lock);
	while (ahead->next < ahead->closure->count) {
		if (ahead_has(ahead->settings, path_of(ahead, ahead->next))) {
			while (stream < ahead->streams + STREAMS && stream->used)
				stream++;
			if (stream == ahead->streams + STREAMS)
				break;
			begin_stream(ahead, stream, ahead->next);
		}
		ahead->next++;
	}
	pthread_mutex_unlock(&ahead->lock);
	return ahead->next < ahead->closure->count;
}

static void *fetch_all(void *userdata)
{
	struct ahead *ahead = userdata;
	bool more = true, running = true;

	while ((more || running) && !atomic_load(ahead->stop)) {
		more = begin_streams(ahead);
		running = fetch_step(ahead->fetch, WAIT_MS);
	}
	return NULL;
}

/* ------------------------------------------------------------ the lanes */

/* The stream of a turn; NULL if all is to stop. The lock is held. */
static struct stream *wait_for_stream(struct ahead *ahead, size_t turn)
{
	while (!atomic_load(ahead->stop)) {
		for (struct stream *stream = ahead->streams; stream < ahead->streams + STREAMS;
			stream++)
			if (stream->used && stream->turn == turn)
				return stream;
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	}
	return NULL;
}

/* How many bytes there are to be read in one piece; 0 at the end, or if all is to stop. */
static size_t wait_for_bytes(struct stream *stream)
{
	struct ahead *ahead = stream->ahead;
	size_t at = (size_t)(stream->read_bytes % STREAM_BYTES), size_bytes;

	pthread_mutex_lock(&ahead->lock);
	while (stream->written_bytes == stream->read_bytes && !stream->ended &&
		!atomic_load(ahead->stop))
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	size_bytes = (size_t)(stream->written_bytes - stream->read_bytes);
	pthread_mutex_unlock(&ahead->lock);
	return size_bytes < STREAM_BYTES - at ? size_bytes : STREAM_BYTES - at;
}

/* There is room for more. The transfer is woken only when it has half of the buffer to fill. */
static void give_room(struct stream *stream, size_t size_bytes)
{
	struct ahead *ahead = stream->ahead;
	bool wake;

	pthread_mutex_lock(&ahead->lock);
	stream->read_bytes += size_bytes;
	wake = stream->full && stream->written_bytes - stream->read_bytes <= STREAM_BYTES / 2;
	if (wake)
		stream->full = false;
	pthread_mutex_unlock(&ahead->lock);
	if (wake)
		fetch_wake(ahead->fetch);
}

/* How it ended; another archive may have the stream. */
static int give_back(struct stream *stream, struct error *err)
{
	struct ahead *ahead = stream->ahead;
	int r;

	pthread_mutex_lock(&ahead->lock);
	r = stream->ended ? stream->result : error_set(err, -ECANCELED, "the copy was stopped");
	if (stream->ended && r < 0)
		*err = stream->err;
	if (stream->ended)
		stream->used = false;
	pthread_mutex_unlock(&ahead->lock);
	fetch_wake(ahead->fetch);
	return r;
}

int ahead_stream(
	struct ahead *ahead, size_t turn, fetch_piece_fn *piece, void *userdata, struct error *err)
{
	struct stream *stream;
	size_t size_bytes;

	pthread_mutex_lock(&ahead->lock);
	stream = wait_for_stream(ahead, turn);
	pthread_mutex_unlock(&ahead->lock);
	if (!stream)
		return error_set(err, -ECANCELED, "the copy was stopped");
	while ((size_bytes = wait_for_bytes(stream)) > 0) {
		int r = piece(userdata, stream->bytes + stream->read_bytes % STREAM_BYTES,
			size_bytes, err);

		if (r < 0) {
			AUTO_FREE char *url = url_of(ahead, turn);

			url_hide_credentials(url);
			error_wrap(err, "%s", url);
			return r;
		}
		give_room(stream, size_bytes);
	}
	return give_back(stream, err);
}

/* ------------------------------------------------------------ beginning and end */

static bool is_any_remote(const struct cache_settings *settings, const struct closure *closure)
{
	for (size_t i = 0; i < closure->count; i++)
		if (ahead_has(settings, &closure->paths[i]))
			return true;
	return false;
}

static void destroy(struct ahead *ahead)
{
	fetch_free(&ahead->fetch);
	for (size_t i = 0; i < STREAMS; i++)
		free(ahead->streams[i].bytes);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}

int ahead_start(struct spare *spare, const struct closure *closure, const size_t *order,
	const atomic_bool *stop, struct ahead **ret, struct error *err)
{
	const struct cache_settings *settings = spare->settings;
	struct ahead *ahead = NULL;
	int r;

	*ret = NULL;
	if (!is_any_remote(settings, closure))
		return 0;
	ahead = must_realloc(NULL, 1, sizeof(*ahead));
	*ahead = (struct ahead){
		.settings = settings,
		.spare = spare,
		.closure = closure,
		.order = order,
		.stop = stop,
		.fetch = fetch_new(&settings->fetch, STREAMS, stop),
	};
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	for (size_t i = 0; i < STREAMS; i++)
		ahead->streams[i] = (struct stream){
			.ahead = ahead,
			.bytes = must_realloc(NULL, STREAM_BYTES, 1),
		};
	r = thread_start(&ahead->thread, fetch_all, ahead);
	if (r < 0) {
		destroy(ahead);
		return error_errno(err, r, "start a thread");
	}
	*ret = ahead;
	return 0;
}

void ahead_stop(struct ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	pthread_cond_broadcast(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	fetch_wake(ahead->fetch);
}

void ahead_free(struct ahead **ahead)
{
	if (!*ahead)
		return;
	pthread_join((*ahead)->thread, NULL);
	destroy(*ahead);
	*ahead = NULL;
}
