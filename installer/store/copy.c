/* SPDX-License-Identifier: MIT */
/*
 * Each free worker takes the largest remaining path, so that no worker is left with a large one
 * at the end.
 */
#include "store/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/units.h"
#include "net/url.h"
#include "store/worker.h"

#define WORKERS_MAX	     4
#define WORKER_MEMORY_BYTES  (96 * MIB) /* a window of 64 MiB, the ring, libcurl's buffers */
#define PROGRESS_INTERVAL_MS 250
#define DAMAGED_MAX	     8 /* give up after this many restarts */

static int compare_sizes(const void *a, const void *b, void *userdata)
{
	const struct job *job = userdata;
	size_t path_a = *(const size_t *)a, path_b = *(const size_t *)b;
	uint64_t size_a = job->closure->paths[path_a].info.nar_bytes;
	uint64_t size_b = job->closure->paths[path_b].info.nar_bytes;

	if (size_a != size_b)
		return size_a > size_b ? -1 : 1;
	return path_a < path_b ? -1 : 1;
}

/* Orders the paths by size, largest first; always in the same order. */
static size_t *make_order(struct job *job)
{
	size_t *order = must_realloc(NULL, job->closure->count, sizeof(*order));

	for (size_t i = 0; i < job->closure->count; i++)
		order[i] = i;
	qsort_r(order, job->closure->count, sizeof(*order), compare_sizes, job);
	return order;
}

/* One worker per processor, as far as memory suffices for the largest windows. */
static size_t choose_worker_count(const struct closure *closure)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t workers = processors > WORKERS_MAX ? WORKERS_MAX : (size_t)processors;

	if (workers > memory / WORKER_MEMORY_BYTES)
		workers = (size_t)(memory / WORKER_MEMORY_BYTES);
	if (workers > closure->count)
		workers = closure->count;
	return processors < 1 || workers < 1 ? 1 : workers;
}

/* Waits until all threads have ended, at most interval_ms; the lock is held. Returns whether a
 * thread is still running. */
static bool wait_for_workers(struct job *job, long interval_ms)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_nsec += interval_ms * 1000000L;
	deadline.tv_sec += deadline.tv_nsec / 1000000000L;
	deadline.tv_nsec %= 1000000000L;
	while (job->running > 0 && pthread_cond_timedwait(&job->ended, &job->lock, &deadline) == 0)
		;
	return job->running > 0;
}

static void watch_workers(struct job *job, copy_progress_fn *progress, void *userdata)
{
	bool running = true;

	while (running) {
		pthread_mutex_lock(&job->lock);
		running = wait_for_workers(job, PROGRESS_INTERVAL_MS);
		pthread_mutex_unlock(&job->lock);
		if (progress)
			progress(atomic_load(&job->done_bytes), job->closure->nar_bytes, userdata);
	}
}

static int start_threads(struct job *job, pthread_t *ret, size_t *ret_count)
{
	int r = 0;

	*ret_count = 0;
	for (size_t i = 0; i < 2 * job->worker_count && r == 0; i++) {
		r = thread_start(
			&ret[i], i % 2 ? worker_consume : worker_produce, &job->workers[i / 2]);
		*ret_count += r == 0;
	}
	return r;
}

static void run_workers(struct job *job, copy_progress_fn *progress, void *userdata)
{
	pthread_t threads[2 * WORKERS_MAX];
	size_t count;
	int r;

	/* Set before the threads start: a thread that ends early must not look like the last. */
	job->running = 2 * job->worker_count;
	r = start_threads(job, threads, &count);
	if (r < 0) {
		struct error err = { 0 };

		error_errno(&err, r, "start a thread");
		job_fail(job, JOB_NO_PATH, r, &err);
		pthread_mutex_lock(&job->lock);
		job->running -= 2 * job->worker_count - count;
		pthread_mutex_unlock(&job->lock);
	}
	watch_workers(job, progress, userdata);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void job_init(struct job *job, struct fallback *fallback, const struct closure *closure,
	struct ext4_image *image, size_t worker_count)
{
	pthread_condattr_t attributes;

	*job = (struct job){
		.settings = fallback->settings,
		.closure = closure,
		.image = image,
		.fallback = fallback,
		.worker_count = worker_count,
		.failed = JOB_NO_PATH,
	};
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	store_dir_begin(&job->store, image);
	job->order = make_order(job);
	job->workers = must_realloc(NULL, job->worker_count, sizeof(*job->workers));
	for (size_t i = 0; i < job->worker_count; i++)
		worker_init(&job->workers[i], job);
}

static void job_destroy(struct job *job)
{
	prefetch_free(&job->prefetch);
	for (size_t i = 0; i < job->worker_count; i++)
		worker_destroy(&job->workers[i]);
	free(job->workers);
	free(job->order);
	store_dir_drop(&job->store);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
}

/* Runs the workers on an open image. *ret_damaged is the path whose archive was damaged, or
 * JOB_NO_PATH. */
static int copy_to_image(struct fallback *fallback, const struct closure *closure,
	struct ext4_image *image, size_t worker_count, copy_progress_fn *progress, void *userdata,
	size_t *ret_damaged, struct error *err)
{
	struct job job;
	int r;

	job_init(&job, fallback, closure, image, worker_count);
	r = prefetch_start(fallback, closure, job.order, &job.stop, &job.prefetch, err);
	if (r == 0) {
		run_workers(&job, progress, userdata);
		r = job.result;
		if (r < 0)
			*err = job.err;
	}
	*ret_damaged = fallback_is_damage(r) ? job.failed : JOB_NO_PATH;
	if (r == 0)
		r = store_dir_write(&job.store, err);
	job_destroy(&job);
	return r;
}

static int copy_once(struct fallback *fallback, const struct closure *closure,
	const struct copy_target *target, copy_progress_fn *progress, void *userdata,
	size_t *ret_damaged, struct error *err)
{
	size_t worker_count = target->reproducible ? 1 : choose_worker_count(closure);
	struct ext4_image image;
	int r = ext4_image_open(&image, target->path, target->offset_bytes, worker_count, err);

	*ret_damaged = JOB_NO_PATH;
	if (r < 0)
		return r;
	r = copy_to_image(
		fallback, closure, &image, worker_count, progress, userdata, ret_damaged, err);
	if (r == 0)
		return ext4_image_close(&image, err);
	ext4_image_drop(&image);
	return r;
}

/* Makes a cache the source of an archive, if it has the same one. */
static int take_from(struct fallback *fallback, struct fetch *fetch, size_t cache,
	struct closure_path *path, struct error *err)
{
	struct narinfo other;
	int r = fallback_ask(fallback, fetch, cache, &path->info, &other, err);

	if (r < 0)
		return r;
	free(path->other_text);
	path->other_text = other.text;
	other.text = NULL;
	path->info.url = other.url;
	path->info.compression = other.compression;
	path->info.file_bytes = other.file_bytes;
	path->cache = cache;
	narinfo_free(&other);
	return 0;
}

/* Makes the next cache with an undamaged copy the source. False if there is none; the reasons
 * are added to the sentence. */
static bool find_undamaged(struct fallback *fallback, struct fetch *fetch,
	struct closure_path *path, struct error *err)
{
	const struct cache_settings *settings = fallback->settings;
	size_t first = path->cache;

	path->damaged |= 1U << first;
	for (size_t i = 1; i < settings->cache_count; i++) {
		size_t cache = (first + i) % settings->cache_count;
		AUTO_FREE char *shown = url_shown(settings->caches[cache]);
		struct error why = { 0 };

		if (path->damaged & 1U << cache)
			error_set(&why, -EBADMSG, "the one of %s is damaged, too", shown);
		else if (take_from(fallback, fetch, cache, path, &why) == 0)
			return true;
		text_append(err->text, sizeof(err->text), "; %s", why.text);
	}
	return false;
}

/* Whether the copy can start again with another source for a damaged archive. */
static bool avoid_damage(
	struct fallback *fallback, struct closure_path *path, unsigned times, struct error *err)
{
	struct fetch *fetch;
	bool found;

	if (times == DAMAGED_MAX) {
		text_append(err->text, sizeof(err->text),
			"; after %d damaged archives no more are replaced", DAMAGED_MAX);
		return false;
	}
	fetch = fetch_new(&fallback->settings->fetch, 1, NULL);
	found = find_undamaged(fallback, fetch, path, err);
	fetch_free(&fetch);
	if (found) {
		AUTO_FREE char *shown = url_shown(fallback->settings->caches[path->cache]);

		log_line("warning: %s; the copy begins anew, with the one of %s", err->text, shown);
	}
	return found;
}

int copy_closure(const struct cache_settings *settings, struct closure *closure,
	const struct copy_target *target, copy_progress_fn *progress, void *userdata,
	struct error *err)
{
	struct fallback fallback;
	unsigned times = 0;
	size_t damaged;
	int r = fallback_begin(&fallback, settings, err);

	if (r < 0)
		return r;
	do
		r = copy_once(&fallback, closure, target, progress, userdata, &damaged, err);
	while (damaged != JOB_NO_PATH &&
		avoid_damage(&fallback, &closure->paths[damaged], times++, err));
	return r;
}
