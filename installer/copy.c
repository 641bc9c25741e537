/* SPDX-License-Identifier: MIT */
/*
 * Paths go to whichever lane is free, the largest first, so that no lane is left with a large one
 * at the end.
 */
#include "copy.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "lane.h"
#include "thread.h"

#define LANES_MAX	     4
#define LANE_MEMORY_BYTES    (96 * MIB) /* a window of 64 MiB, the ring, libcurl's buffers */
#define PROGRESS_INTERVAL_MS 250

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

/* The largest first, and the same order every time. */
static size_t *make_order(struct job *job)
{
	size_t *order = must_realloc(NULL, job->closure->count, sizeof(*order));

	for (size_t i = 0; i < job->closure->count; i++)
		order[i] = i;
	qsort_r(order, job->closure->count, sizeof(*order), compare_sizes, job);
	return order;
}

/* One lane for each processor, as long as there is memory for the largest windows. */
static size_t choose_lane_count(const struct closure *closure)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t lanes = processors > LANES_MAX ? LANES_MAX : (size_t)processors;

	if (lanes > memory / LANE_MEMORY_BYTES)
		lanes = (size_t)(memory / LANE_MEMORY_BYTES);
	if (lanes > closure->count)
		lanes = closure->count;
	return processors < 1 || lanes < 1 ? 1 : lanes;
}

/* Waits until every lane's thread has ended, or so long; the lock is held. Whether any still
 * runs. */
static bool wait_for_lanes(struct job *job, long interval_ms)
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

static void watch_lanes(struct job *job, copy_progress_fn *progress, void *userdata)
{
	bool running = true;

	while (running) {
		pthread_mutex_lock(&job->lock);
		running = wait_for_lanes(job, PROGRESS_INTERVAL_MS);
		pthread_mutex_unlock(&job->lock);
		if (progress)
			progress(atomic_load(&job->done_bytes), job->closure->nar_bytes, userdata);
	}
}

static int start_threads(struct job *job, pthread_t *ret, size_t *ret_count)
{
	int r = 0;

	*ret_count = 0;
	for (size_t i = 0; i < 2 * job->lane_count && r == 0; i++) {
		r = thread_start(&ret[i], i % 2 ? lane_consume : lane_produce, &job->lanes[i / 2]);
		*ret_count += r == 0;
	}
	return r;
}

static void run_lanes(struct job *job, copy_progress_fn *progress, void *userdata)
{
	pthread_t threads[2 * LANES_MAX];
	size_t count;
	int r;

	/* Counted before they start, or one could end and seem to be the last. */
	job->running = 2 * job->lane_count;
	r = start_threads(job, threads, &count);
	if (r < 0) {
		struct error err = { 0 };

		error_errno(&err, r, "start a thread");
		job_fail(job, r, &err);
		pthread_mutex_lock(&job->lock);
		job->running -= 2 * job->lane_count - count;
		pthread_mutex_unlock(&job->lock);
	}
	watch_lanes(job, progress, userdata);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void job_init(struct job *job, const struct config *config, const struct closure *closure,
	struct volume *volume, size_t lane_count)
{
	pthread_condattr_t attributes;

	*job = (struct job){
		.config = config,
		.closure = closure,
		.volume = volume,
		.lane_count = lane_count,
	};
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	store_begin(&job->store, volume);
	job->order = make_order(job);
	job->lanes = must_realloc(NULL, job->lane_count, sizeof(*job->lanes));
	for (size_t i = 0; i < job->lane_count; i++)
		lane_init(&job->lanes[i], job);
}

static void job_destroy(struct job *job)
{
	ahead_free(&job->ahead);
	for (size_t i = 0; i < job->lane_count; i++)
		lane_destroy(&job->lanes[i]);
	free(job->lanes);
	free(job->order);
	store_drop(&job->store);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
}

static int copy_to_volume(const struct config *config, const struct closure *closure,
	struct volume *volume, size_t lane_count, copy_progress_fn *progress, void *userdata,
	struct error *err)
{
	struct job job;
	int r;

	job_init(&job, config, closure, volume, lane_count);
	r = spare_begin(&job.spare, config, err);
	if (r == 0)
		r = ahead_start(&job.spare, closure, job.order, &job.stop, &job.ahead, err);
	if (r == 0) {
		run_lanes(&job, progress, userdata);
		r = job.result;
		if (r < 0)
			*err = job.err;
	}
	if (r == 0)
		r = store_write(&job.store, err);
	job_destroy(&job);
	return r;
}

int copy_closure(const struct config *config, const struct closure *closure, const char *path,
	uint64_t offset_bytes, copy_progress_fn *progress, void *userdata, struct error *err)
{
	size_t lane_count = choose_lane_count(closure);
	struct volume volume;
	int r = volume_open(&volume, path, offset_bytes, lane_count, err);

	if (r < 0)
		return r;
	r = copy_to_volume(config, closure, &volume, lane_count, progress, userdata, err);
	if (r == 0)
		return volume_close(&volume, err);
	volume_drop(&volume);
	return r;
}
