/* SPDX-License-Identifier: MIT */
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

#define WORKER_MEMORY_BYTES  (96 * MIB) /* a window of 64 MiB, the ring, libcurl's buffers */
#define PROGRESS_INTERVAL_MS 250
#define DAMAGED_MAX	     8 /* give up after this many restarts */

/* One worker per processor, as far as memory suffices for the largest windows. 1, 2 or 4: they have
 * the same number of groups. */
static size_t choose_worker_count(const struct copy_target *target, const struct closure *closure)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t workers = target->workers ? target->workers : COPY_GROUPS_MAX;

	if (target->workers == 0 && processors < 3)
		workers = processors < 2 ? 1 : 2;
	while (workers > 1 && (workers > memory / WORKER_MEMORY_BYTES || workers > closure->count))
		workers /= 2;
	return workers;
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
	for (size_t i = 0; i < 2 * job->groups.worker_count && r == 0; i++) {
		r = thread_start(
			&ret[i], i % 2 ? worker_consume : worker_produce, &job->workers[i / 2]);
		*ret_count += r == 0;
	}
	return r;
}

static void run_workers(struct job *job, copy_progress_fn *progress, void *userdata)
{
	pthread_t threads[2 * COPY_GROUPS_MAX];
	size_t count;
	int r;

	/* Set before the threads start: a thread that ends early must not look like the last. */
	job->running = 2 * job->groups.worker_count;
	r = start_threads(job, threads, &count);
	if (r < 0) {
		struct error err = { 0 };

		error_errno(&err, r, "start a thread");
		copy_job_fail(job, JOB_NO_PATH, r, &err);
		pthread_mutex_lock(&job->lock);
		job->running -= 2 * job->groups.worker_count - count;
		pthread_mutex_unlock(&job->lock);
	}
	watch_workers(job, progress, userdata);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void job_init(struct job *job, struct fallback *fallback, const struct closure *closure,
	struct ext4_image *image, const struct copy_groups *groups)
{
	pthread_condattr_t attributes;

	*job = (struct job){
		.settings = fallback->settings,
		.closure = closure,
		.image = image,
		.fallback = fallback,
		.groups = *groups,
		.failed = JOB_NO_PATH,
	};
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	store_dir_begin(&job->store, image);
	job->workers = must_realloc(NULL, job->groups.worker_count, sizeof(*job->workers));
	for (size_t i = 0; i < job->groups.worker_count; i++)
		worker_init(&job->workers[i], job);
}

static void job_destroy(struct job *job)
{
	prefetch_free(&job->prefetch);
	for (size_t i = 0; i < job->groups.worker_count; i++)
		worker_destroy(&job->workers[i]);
	free(job->workers);
	store_dir_drop(&job->store);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
}

/* One attempt to copy. */
struct attempt {
	struct fallback *fallback;
	const struct closure *closure;
	const struct copy_target *target;
	copy_progress_fn *progress;
	void *userdata;
	bool whole;	    /* in one area, by one worker */
	size_t damaged;	    /* the path whose archive was damaged, or JOB_NO_PATH */
	bool area_was_full; /* it did not fit into the areas, but may do so into the whole */
};

/* The result of the workers. If only an area was full, all that they have written reaches the disk:
 * so the blocks that nothing refers to have the same bytes each time, too. */
static int result_of(struct attempt *attempt, const struct job *job, struct error *err)
{
	int r = job->result;

	if (r < 0)
		*err = job->err;
	attempt->damaged = fallback_is_damage(r) ? job->failed : JOB_NO_PATH;
	if (r < 0 || !atomic_load(&job->area_was_full))
		return r;
	r = async_writer_drain(job->image->writer, err);
	if (r < 0)
		return r;
	attempt->area_was_full = true;
	return error_errno(err, -ENOSPC, "find space on the target");
}

/* Runs the workers on an open image. */
static int copy_to_image(struct attempt *attempt, const struct copy_groups *groups,
	struct ext4_image *image, struct error *err)
{
	struct job job;
	int r;

	job_init(&job, attempt->fallback, attempt->closure, image, groups);
	r = prefetch_start(
		attempt->fallback, attempt->closure, groups->order, &job.stop, &job.prefetch, err);
	if (r == 0) {
		run_workers(&job, attempt->progress, attempt->userdata);
		r = result_of(attempt, &job, err);
	}
	if (r == 0)
		r = store_dir_write(&job.store, err);
	job_destroy(&job);
	return r;
}

/* Each group of paths is copied into an area of its own. */
static int copy_groups_to_image(
	struct attempt *attempt, const struct copy_groups *groups, struct error *err)
{
	const struct copy_target *target = attempt->target;
	struct ext4_image image;
	int r = ext4_image_open(
		&image, target->path, target->offset_bytes, groups->worker_count, err);

	if (r < 0)
		return r;
	r = ext4_image_divide(&image, groups->bytes, groups->group_count, err);
	if (r == 0)
		r = copy_to_image(attempt, groups, &image, err);
	if (r == 0)
		return ext4_image_close(&image, err);
	ext4_image_drop(&image);
	return r;
}

static int copy_once(struct attempt *attempt, struct error *err)
{
	struct copy_groups groups;
	int r;

	copy_groups_make(attempt->closure, attempt->whole ? 1 : COPY_GROUPS_MAX,
		attempt->whole ? 1 : choose_worker_count(attempt->target, attempt->closure),
		&groups);
	attempt->damaged = JOB_NO_PATH;
	attempt->area_was_full = false;
	r = copy_groups_to_image(attempt, &groups, err);
	copy_groups_free(&groups);
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

/* Whether the copy can start again, in one area, after a group did not fit into its own. */
static bool avoid_areas(struct attempt *attempt)
{
	if (!attempt->area_was_full)
		return false;
	log_line("the disk is nearly full: the copy begins anew, with one worker");
	attempt->whole = true;
	return true;
}

int copy_closure(const struct cache_settings *settings, struct closure *closure,
	const struct copy_target *target, copy_progress_fn *progress, void *userdata,
	struct error *err)
{
	struct fallback fallback;
	struct attempt attempt = { .fallback = &fallback,
		.closure = closure,
		.target = target,
		.progress = progress,
		.userdata = userdata };
	unsigned times = 0;
	int r = fallback_begin(&fallback, settings, err);

	if (r < 0)
		return r;
	do
		r = copy_once(&attempt, err);
	while (avoid_areas(&attempt) ||
		(attempt.damaged != JOB_NO_PATH &&
			avoid_damage(&fallback, &closure->paths[attempt.damaged], times++, err)));
	return r;
}
