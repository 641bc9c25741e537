/* SPDX-License-Identifier: MIT */
#include "store/worker.h"

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
	for (size_t i = 0; i < job->worker_count; i++)
		piece_ring_stop(&job->workers[i].ring);
	prefetch_stop(job->prefetch);
}

static void worker_fail(struct worker *worker, size_t path, int r, struct error *err)
{
	error_wrap(err, "%s", path_info(worker->job, path)->store_path);
	job_fail(worker->job, path, r, err);
}

static int wrong_size(const struct narinfo *info, uint64_t got_bytes, struct error *err)
{
	bool more = got_bytes > info->nar_bytes;

	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"the archive has the wrong size: expected %" PRIu64 " bytes, got %s%" PRIu64,
		info->nar_bytes, more ? "at least " : "", got_bytes);
}

/* The piece that is being filled, or a new one; NULL if the copy was stopped. */
static struct piece *current_piece(struct worker *worker)
{
	if (!worker->piece)
		worker->piece = piece_ring_fill(&worker->ring);
	else
		return worker->piece;
	if (worker->piece) {
		worker->piece->path = worker->path;
		worker->piece->last = false;
		worker->piece->size_bytes = 0;
	}
	return worker->piece;
}

static void submit_piece(struct worker *worker)
{
	piece_ring_filled(&worker->ring);
	worker->piece = NULL;
}

/* Counts size_bytes bytes decompressed to the end of the piece, and removes those that another
 * cache has sent before. */
static void keep_new_bytes(struct worker *worker, struct piece *piece, size_t size_bytes)
{
	uint8_t *bytes = piece->bytes + piece->size_bytes;
	size_t known_bytes = worker->known_bytes < size_bytes ? (size_t)worker->known_bytes
							      : size_bytes;

	worker->known_bytes -= known_bytes;
	if (known_bytes > 0)
		memmove(bytes, bytes + known_bytes, size_bytes - known_bytes);
	piece->size_bytes += size_bytes - known_bytes;
	worker->produced_bytes += size_bytes - known_bytes;
}

/* Decompresses the next bytes of an archive into pieces of the ring.
 *
 * In: compressed bytes of any size. Out: full pieces, submitted to the consumer; the last,
 * partly filled one stays current. Fails with EXIT_FETCH if the stream is damaged, with
 * EXIT_VERIFY if it is longer than NarSize, and with -ECANCELED if the copy was stopped. */
static int fill_pieces(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct worker *worker = userdata;
	const struct narinfo *info = path_info(worker->job, worker->path);
	bool full = false;

	while (size_bytes > 0 || full) {
		struct piece *piece = current_piece(worker);
		size_t space_bytes, got_bytes;
		int r;

		if (!piece)
			return error_set(err, -ECANCELED, "the copy was stopped");
		space_bytes = RING_PIECE_BYTES - piece->size_bytes;
		r = decompress_step(worker->decompress, &data, &size_bytes,
			piece->bytes + piece->size_bytes, space_bytes, &got_bytes, err);
		if (r < 0)
			return r;
		keep_new_bytes(worker, piece, got_bytes);
		if (worker->produced_bytes > info->nar_bytes)
			return wrong_size(info, worker->produced_bytes, err);
		full = got_bytes == space_bytes;
		if (piece->size_bytes == RING_PIECE_BYTES)
			submit_piece(worker);
	}
	return 0;
}

/* Streams the compressed archive from a cache, by prefetch if it has it. */
static int stream_archive(
	struct worker *worker, size_t cache, const struct narinfo *info, struct error *err)
{
	struct job *job = worker->job;
	const struct closure_path *path = &job->closure->paths[worker->path];
	AUTO_FREE char *url = NULL;
	int r;

	if (cache == path->cache && !worker->prefetch_failed &&
		prefetch_covers(job->settings, path))
		return prefetch_read(job->prefetch, worker->position, fill_pieces, worker, err);
	url = cache_archive_url(job->settings->caches[cache], info);
	r = fetch_stream(worker->fetch, url, fill_pieces, worker, err);
	fallback_note_result(job->fallback, cache, r);
	return r;
}

/* Produces the archive from one cache. Bytes that an earlier cache has sent are skipped. */
static int produce_from(
	struct worker *worker, size_t cache, const struct narinfo *info, struct error *err)
{
	AUTO_FREE char *url = cache_archive_url(worker->job->settings->caches[cache], info);
	int r = decompress_begin(worker->decompress, info->compression, err);

	worker->known_bytes = worker->produced_bytes;
	url_hide_credentials(url);
	if (r < 0)
		return r;
	r = stream_archive(worker, cache, info, err);
	if (r < 0)
		return r;
	r = decompress_finish(worker->decompress, err);
	if (r < 0) {
		error_wrap(err, "%s", url);
		return r;
	}
	if (worker->known_bytes > 0 || worker->produced_bytes != info->nar_bytes)
		return wrong_size(info, worker->produced_bytes - worker->known_bytes, err);
	return 0;
}

/* Continues the archive with another cache. why is the error of the last one. */
static int produce_from_other(
	struct worker *worker, size_t cache, const struct error *why, struct error *err)
{
	struct job *job = worker->job;
	const struct narinfo *decided = path_info(job, worker->path);
	AUTO_FREE char *url = NULL;
	struct narinfo info;
	int r = fallback_ask(job->fallback, worker->fetch, cache, decided, &info, err);

	if (r < 0)
		return r;
	url = cache_archive_url(job->settings->caches[cache], &info);
	url_hide_credentials(url);
	log_line("%s comes from %s: %s", decided->store_path, url, why->text);
	r = produce_from(worker, cache, &info, err);
	narinfo_free(&info);
	return r;
}

static int produce_path(struct worker *worker, struct error *err)
{
	const struct job *job = worker->job;
	const struct closure_path *path = &job->closure->paths[worker->path];
	size_t cache_count = job->settings->cache_count;
	int r;

	worker->produced_bytes = 0;
	worker->prefetch_failed = false;
	r = produce_from(worker, path->cache, &path->info, err);
	if (r == PREFETCH_TOO_LONG) {
		worker->prefetch_failed = true;
		r = produce_from(worker, path->cache, &path->info, err);
	}
	for (size_t i = 1; i < cache_count && fallback_helps(r, err); i++) {
		size_t cache = (path->cache + i) % cache_count;
		struct error next = { 0 };

		if (path->damaged & 1U << cache)
			continue;
		r = produce_from_other(worker, cache, err, &next);
		text_append(err->text, sizeof(err->text), "; then %s", next.text);
		err->code = next.code;
	}
	if (r < 0)
		return r;
	/* The last piece may be empty, but every archive has one. */
	if (!current_piece(worker))
		return error_set(err, -ECANCELED, "the copy was stopped");
	worker->piece->last = true;
	submit_piece(worker);
	return 0;
}

static void note_thread_end(struct job *job)
{
	pthread_mutex_lock(&job->lock);
	job->running--;
	pthread_cond_broadcast(&job->ended);
	pthread_mutex_unlock(&job->lock);
}

void *worker_produce(void *userdata)
{
	struct worker *worker = userdata;
	struct job *job = worker->job;
	const struct copy_groups *groups = &job->groups;
	size_t number = (size_t)(worker - job->workers), *position = &worker->position;
	struct error err = { 0 };

	*position = copy_groups_find(groups, number, 0);
	for (; *position < groups->path_count && !atomic_load(&job->stop);
		*position = copy_groups_find(groups, number, *position + 1)) {
		int r;

		worker->path = groups->order[*position];
		r = produce_path(worker, &err);
		if (r < 0)
			worker_fail(worker, worker->path, r, &err);
	}
	piece_ring_end(&worker->ring);
	note_thread_end(job);
	return NULL;
}

static int check_hash(struct worker *worker, const struct narinfo *info, struct error *err)
{
	char expected[NIX32_CHARS(SHA256_BYTES) + 1], got[NIX32_CHARS(SHA256_BYTES) + 1];
	uint8_t sum[SHA256_BYTES];

	digest_finish(worker->digest, sum);
	worker->digest = NULL;
	if (memcmp(sum, info->nar_hash, sizeof(sum)) == 0)
		return 0;
	nix32_encode(info->nar_hash, sizeof(info->nar_hash), expected);
	nix32_encode(sum, sizeof(sum), got);
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"the archive has the wrong hash: expected sha256:%s, got sha256:%s", expected, got);
}

static void begin_group(struct worker *worker, size_t group)
{
	unpack_drop(&worker->unpack);
	unpack_open(&worker->unpack, worker->job->image, group);
	worker->group = group;
}

static int enter_group(struct worker *worker, size_t group, struct error *err)
{
	int r = unpack_close(&worker->unpack, err);

	begin_group(worker, group);
	worker->skip_group = false;
	return r;
}

/* Drops a group that does not fit into its area. The others continue, so that what is written where
 * nothing refers to it does not depend on the speed of the workers either. */
static void leave_group(struct worker *worker)
{
	begin_group(worker, worker->group);
	digest_free(&worker->digest);
	worker->skip_group = true;
	atomic_store(&worker->job->area_was_full, true);
}

static void begin_archive(struct worker *worker, const struct narinfo *info)
{
	worker->digest = digest_new();
	digest_free(&worker->unpack.contents);
	if (info->content_check == CONTENT_CHECK_FILE)
		worker->unpack.contents = digest_new();
	nar_reset(worker->nar);
}

/* Compares the contents of a single file with its content address. */
static int check_contents(struct worker *worker, const struct narinfo *info, struct error *err)
{
	uint8_t sum[SHA256_BYTES];

	if (!worker->unpack.contents)
		return 0;
	digest_finish(worker->unpack.contents, sum);
	worker->unpack.contents = NULL;
	if (worker->unpack.root_type == ENTRY_FILE &&
		memcmp(sum, info->address.hash, sizeof(sum)) == 0)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"the archive has other contents than its content address %s says", info->ca);
}

/* Verifies a complete archive and makes it visible in the store. */
static int end_archive(struct worker *worker, const struct narinfo *info, struct error *err)
{
	int r = nar_finish(worker->nar, err);

	if (r < 0)
		return r;
	r = check_hash(worker, info, err);
	if (r < 0)
		return r;
	r = check_contents(worker, info, err);
	if (r < 0)
		return r;
	store_dir_link(
		&worker->job->store, store_path_base_name(info->store_path), &worker->unpack);
	return 0;
}

static int unpack_piece(struct worker *worker, const struct piece *piece, struct error *err)
{
	const struct narinfo *info = path_info(worker->job, piece->path);
	int r;

	if (!worker->digest)
		begin_archive(worker, info);
	digest_update(worker->digest, piece->bytes, piece->size_bytes);
	r = nar_feed(worker->nar, piece->bytes, piece->size_bytes, err);
	if (r < 0)
		return r;
	return piece->last ? end_archive(worker, info, err) : 0;
}

static int consume_piece(struct worker *worker, const struct piece *piece, struct error *err)
{
	struct job *job = worker->job;
	size_t group = job->groups.groups[piece->path];
	int r = group == worker->group ? 0 : enter_group(worker, group, err);

	if (r == 0 && !worker->skip_group)
		r = unpack_piece(worker, piece, err);
	if (r == -ENOSPC && ext4_image_area_is_full(job->image)) {
		leave_group(worker);
		r = 0;
	}
	atomic_fetch_add(&job->done_bytes, piece->size_bytes);
	return r;
}

void *worker_consume(void *userdata)
{
	struct worker *worker = userdata;
	struct error err = { 0 };
	struct piece *piece;
	int r = 0;

	while (r == 0 && (piece = piece_ring_empty(&worker->ring)) != NULL) {
		r = consume_piece(worker, piece, &err);
		if (r < 0)
			worker_fail(worker, piece->path, r, &err);
		else
			piece_ring_emptied(&worker->ring);
	}
	if (r == 0)
		r = unpack_close(&worker->unpack, &err);
	if (r < 0)
		job_fail(worker->job, JOB_NO_PATH, r, &err);
	note_thread_end(worker->job);
	return NULL;
}

void worker_init(struct worker *worker, struct job *job)
{
	*worker = (struct worker){ .job = job };
	piece_ring_init(&worker->ring);
	worker->fetch = fetch_new(&job->settings->fetch, 1, &job->stop);
	worker->decompress = decompress_new();
	worker->group = (size_t)(worker - job->workers);
	unpack_open(&worker->unpack, job->image, worker->group);
	worker->nar = nar_new(&unpack_events, &worker->unpack);
}

void worker_destroy(struct worker *worker)
{
	digest_free(&worker->digest);
	nar_free(&worker->nar);
	unpack_drop(&worker->unpack);
	decompress_free(&worker->decompress);
	fetch_free(&worker->fetch);
	piece_ring_destroy(&worker->ring);
}
