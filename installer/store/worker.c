/* SPDX-License-Identifier: MIT */
#include "store/worker.h"

#include <errno.h>
#include <string.h>

#include "base/encoding.h"
#include "net/fetch.h"
#include "nix/decompress.h"
#include "nix/nar.h"
#include "store/archive_source.h"

static const struct narinfo *path_info(const struct job *job, size_t path)
{
	return &job->closure->paths[path].info;
}

static void worker_fail(struct worker *worker, size_t path, int r, struct error *err)
{
	error_wrap(err, "%s", path_info(worker->job, path)->store_path);
	copy_job_fail(worker->job, path, r, err);
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
		r = archive_source_read(worker, &err);
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
		copy_job_fail(worker->job, JOB_NO_PATH, r, &err);
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
