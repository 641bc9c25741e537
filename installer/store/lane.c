/* SPDX-License-Identifier: MIT */
#include "store/lane.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "net/fetch.h"
#include "net/url.h"
#include "nix/decompress.h"
#include "nix/nar.h"

static const struct narinfo *path_info(const struct job *job, size_t path)
{
	return &job->closure->paths[path].info;
}

void job_fail(struct job *job, size_t path, int r, const struct error *err)
{
	pthread_mutex_lock(&job->lock);
	if (job->result == 0) {
		job->result = r;
		job->failed = path;
		job->err = *err;
	}
	pthread_mutex_unlock(&job->lock);
	atomic_store(&job->stop, true);
	for (size_t i = 0; i < job->lane_count; i++)
		ring_stop(&job->lanes[i].ring);
	ahead_stop(job->ahead);
}

static void lane_fail(struct lane *lane, size_t path, int r, struct error *err)
{
	error_wrap(err, "%s", path_info(lane->job, path)->store_path);
	job_fail(lane->job, path, r, err);
}

static int wrong_size(const struct narinfo *info, uint64_t got_bytes, struct error *err)
{
	bool more = got_bytes > info->nar_bytes;

	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"the archive has the wrong size: expected %" PRIu64 " bytes, got %s%" PRIu64,
		info->nar_bytes, more ? "at least " : "", got_bytes);
}

/* The piece that is being filled, or a new one; NULL if all is to stop. */
static struct piece *piece_at_hand(struct lane *lane)
{
	if (!lane->piece)
		lane->piece = ring_fill(&lane->ring);
	else
		return lane->piece;
	if (lane->piece) {
		lane->piece->path = lane->path;
		lane->piece->last = false;
		lane->piece->size_bytes = 0;
	}
	return lane->piece;
}

static void hand_over(struct lane *lane)
{
	ring_filled(&lane->ring);
	lane->piece = NULL;
}

/* So many bytes were decompressed to the end of the piece; those that another cache has given
 * before are not kept. */
static void keep(struct lane *lane, struct piece *piece, size_t size_bytes)
{
	uint8_t *bytes = piece->bytes + piece->size_bytes;
	size_t known_bytes = lane->known_bytes < size_bytes ? (size_t)lane->known_bytes
							    : size_bytes;

	lane->known_bytes -= known_bytes;
	if (known_bytes > 0)
		memmove(bytes, bytes + known_bytes, size_bytes - known_bytes);
	piece->size_bytes += size_bytes - known_bytes;
	lane->produced_bytes += size_bytes - known_bytes;
}

/* Some bytes of the compressed archive have come. */
static int fill(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct lane *lane = userdata;
	const struct narinfo *info = path_info(lane->job, lane->path);
	bool full = false;

	while (size_bytes > 0 || full) {
		struct piece *piece = piece_at_hand(lane);
		size_t room_bytes, got_bytes;
		int r;

		if (!piece)
			return error_set(err, -ECANCELED, "the copy was stopped");
		room_bytes = RING_PIECE_BYTES - piece->size_bytes;
		r = decompress_step(lane->decompress, &data, &size_bytes,
			piece->bytes + piece->size_bytes, room_bytes, &got_bytes, err);
		if (r < 0)
			return r;
		keep(lane, piece, got_bytes);
		if (lane->produced_bytes > info->nar_bytes)
			return wrong_size(info, lane->produced_bytes, err);
		full = got_bytes == room_bytes;
		if (piece->size_bytes == RING_PIECE_BYTES)
			hand_over(lane);
	}
	return 0;
}

/* The compressed archive, from the cache where the path was found or from another one. */
static int stream_archive(
	struct lane *lane, size_t cache, const struct narinfo *info, struct error *err)
{
	struct job *job = lane->job;
	const struct closure_path *path = &job->closure->paths[lane->path];
	AUTO_FREE char *url = NULL;
	int r;

	if (cache == path->cache && ahead_has(job->settings, path))
		return ahead_stream(job->ahead, lane->turn, fill, lane, err);
	url = url_join(job->settings->caches[cache], info->url);
	r = fetch_stream(lane->fetch, url, fill, lane, err);
	spare_note(job->spare, cache, r);
	return r;
}

/* What was produced before by another cache's archive is not produced again. */
static int produce_from(
	struct lane *lane, size_t cache, const struct narinfo *info, struct error *err)
{
	AUTO_FREE char *url = url_join(lane->job->settings->caches[cache], info->url);
	int r = decompress_begin(lane->decompress, info->compression, err);

	lane->known_bytes = lane->produced_bytes;
	url_hide_credentials(url);
	if (r == 0)
		r = stream_archive(lane, cache, info, err);
	if (r < 0)
		return r;
	r = decompress_finish(lane->decompress, err);
	if (r < 0) {
		error_wrap(err, "%s", url);
		return r;
	}
	if (lane->known_bytes > 0 || lane->produced_bytes != info->nar_bytes)
		return wrong_size(info, lane->produced_bytes - lane->known_bytes, err);
	return 0;
}

/* why: what the cache before said. */
static int produce_from_other(
	struct lane *lane, size_t cache, const struct error *why, struct error *err)
{
	struct job *job = lane->job;
	const struct narinfo *decided = path_info(job, lane->path);
	AUTO_FREE char *url = NULL;
	struct narinfo info;
	int r = spare_ask(job->spare, lane->fetch, cache, decided, &info, err);

	if (r < 0)
		return r;
	url = url_join(job->settings->caches[cache], info.url);
	url_hide_credentials(url);
	log_line("%s comes from %s: %s", decided->store_path, url, why->text);
	r = produce_from(lane, cache, &info, err);
	narinfo_free(&info);
	return r;
}

static int produce_path(struct lane *lane, struct error *err)
{
	const struct job *job = lane->job;
	const struct closure_path *path = &job->closure->paths[lane->path];
	size_t cache_count = job->settings->cache_count;
	int r;

	lane->produced_bytes = 0;
	r = produce_from(lane, path->cache, &path->info, err);
	for (size_t i = 1; i < cache_count && spare_helps(r, err); i++) {
		size_t cache = (path->cache + i) % cache_count;
		struct error next = { 0 };

		if (path->damaged & 1U << cache)
			continue;
		r = produce_from_other(lane, cache, err, &next);
		text_append(err->text, sizeof(err->text), "; then %s", next.text);
		err->code = next.code;
	}
	if (r < 0)
		return r;
	/* The last piece may be empty, but there always is one. */
	if (!piece_at_hand(lane))
		return error_set(err, -ECANCELED, "the copy was stopped");
	lane->piece->last = true;
	hand_over(lane);
	return 0;
}

static void thread_ended(struct job *job)
{
	pthread_mutex_lock(&job->lock);
	job->running--;
	pthread_cond_broadcast(&job->ended);
	pthread_mutex_unlock(&job->lock);
}

void *lane_produce(void *userdata)
{
	struct lane *lane = userdata;
	struct job *job = lane->job;
	struct error err = { 0 };

	while (!atomic_load(&job->stop)) {
		int r;

		lane->turn = atomic_fetch_add(&job->next, 1);
		if (lane->turn >= job->closure->count)
			break;
		lane->path = job->order[lane->turn];
		r = produce_path(lane, &err);
		if (r < 0)
			lane_fail(lane, lane->path, r, &err);
	}
	ring_end(&lane->ring);
	thread_ended(job);
	return NULL;
}

static int check_hash(struct lane *lane, const struct narinfo *info, struct error *err)
{
	char expected[NIX32_CHARS(SHA256_BYTES) + 1], got[NIX32_CHARS(SHA256_BYTES) + 1];
	uint8_t sum[SHA256_BYTES];

	digest_finish(lane->digest, sum);
	lane->digest = NULL;
	if (memcmp(sum, info->nar_hash, sizeof(sum)) == 0)
		return 0;
	nix32_encode(info->nar_hash, sizeof(info->nar_hash), expected);
	nix32_encode(sum, sizeof(sum), got);
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"the archive has the wrong hash: expected sha256:%s, got sha256:%s", expected, got);
}

static int consume_piece(struct lane *lane, const struct piece *piece, struct error *err)
{
	struct job *job = lane->job;
	const struct narinfo *info = path_info(job, piece->path);
	int r;

	if (!lane->digest) {
		lane->digest = digest_new();
		nar_reset(lane->nar);
	}
	digest_update(lane->digest, piece->bytes, piece->size_bytes);
	r = nar_feed(lane->nar, piece->bytes, piece->size_bytes, err);
	if (r == 0 && piece->last)
		r = nar_finish(lane->nar, err);
	if (r == 0 && piece->last)
		r = check_hash(lane, info, err);
	if (r == 0 && piece->last)
		store_enter(&job->store, store_path_base_name(info->store_path), &lane->unpack);
	atomic_fetch_add(&job->done_bytes, piece->size_bytes);
	return r;
}

void *lane_consume(void *userdata)
{
	struct lane *lane = userdata;
	struct error err = { 0 };
	struct piece *piece;
	int r = 0;

	while (r == 0 && (piece = ring_empty(&lane->ring)) != NULL) {
		r = consume_piece(lane, piece, &err);
		if (r < 0)
			lane_fail(lane, piece->path, r, &err);
		else
			ring_emptied(&lane->ring);
	}
	if (r == 0)
		r = unpack_close(&lane->unpack, &err);
	if (r < 0)
		job_fail(lane->job, JOB_NO_PATH, r, &err);
	thread_ended(lane->job);
	return NULL;
}

void lane_init(struct lane *lane, struct job *job)
{
	*lane = (struct lane){ .job = job };
	ring_init(&lane->ring);
	lane->fetch = fetch_new(&job->settings->fetch, 1, &job->stop);
	lane->decompress = decompress_new();
	unpack_open(&lane->unpack, job->volume);
	lane->nar = nar_new(&unpack_events, &lane->unpack);
}

void lane_destroy(struct lane *lane)
{
	digest_free(&lane->digest);
	nar_free(&lane->nar);
	unpack_drop(&lane->unpack);
	decompress_free(&lane->decompress);
	fetch_free(&lane->fetch);
	ring_destroy(&lane->ring);
}
