/* SPDX-License-Identifier: MIT */
#include "store/archive_source.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "net/fetch.h"
#include "net/url.h"
#include "nix/decompress.h"
#include "store/copy_job.h"

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
	const struct narinfo *info = &worker->job->closure->paths[worker->path].info;
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
	int r;

	worker->known_bytes = worker->produced_bytes;
	url_hide_credentials(url);
	decompress_begin_archive(worker->decompress, info->compression);
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
	const struct narinfo *decided = &job->closure->paths[worker->path].info;
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

int archive_source_read(struct worker *worker, struct error *err)
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
