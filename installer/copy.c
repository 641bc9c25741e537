/* SPDX-License-Identifier: MIT */
/*
 * Paths go to whichever lane is free, the largest first, so that no lane is left with a large one
 * at the end.
 */
#include "copy.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "lane.h"

#define LANES_MAX	     4
#define LANE_MEMORY_BYTES    (96 * MIB)	  /* a window of 64 MiB, the ring, libcurl's buffers */
#define STACK_BYTES	     (512 * 1024) /* musl's own 128 KiB are scarce for libcurl with TLS */
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

/* Starts a thread that no signal reaches: they are for the one that called us. */
static int start_thread(struct job *job, pthread_t *ret, void *(*main)(void *), struct lane *lane)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&job->lock);
	r = pthread_create(ret, &attributes, main, lane);
	if (r == 0)
		job->running++;
	pthread_mutex_unlock(&job->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

/* Waits until every thread has ended, and shows the progress meanwhile. */
static void wait_for_threads(struct job *job, copy_progress_fn *progress, void *userdata)
{
	struct timespec deadline;
	bool over;

	do {
		clock_gettime(CLOCK_MONOTONIC, &deadline);
		deadline.tv_nsec += PROGRESS_INTERVAL_MS * 1000000L;
		deadline.tv_sec += deadline.tv_nsec / 1000000000L;
		deadline.tv_nsec %= 1000000000L;
		pthread_mutex_lock(&job->lock);
		while (job->running > 0 &&
			pthread_cond_timedwait(&job->ended, &job->lock, &deadline) == 0)
			;
		over = job->running == 0;
		pthread_mutex_unlock(&job->lock);
		if (progress)
			progress(atomic_load(&job->done_bytes), job->closure->nar_bytes, userdata);
	} while (!over);
}

static void run_lanes(struct job *job, copy_progress_fn *progress, void *userdata)
{
	size_t started = 0;
	int r = 0;

	for (size_t i = 0; i < job->lane_count && r == 0; i++) {
		struct lane *lane = &job->lanes[i];

		r = start_thread(job, &lane->threads[0], lane_produce, lane);
		if (r == 0)
			started++;
		if (r == 0)
			r = start_thread(job, &lane->threads[1], lane_consume, lane);
		if (r == 0)
			started++;
	}
	if (r < 0) {
		struct error err = { 0 };

		error_errno(&err, r, "start a thread");
		job_fail(job, job->order[0], r, &err);
	}
	wait_for_threads(job, progress, userdata);
	for (size_t i = 0; i < started; i++)
		pthread_join(job->lanes[i / 2].threads[i % 2], NULL);
}

static void job_init(
	struct job *job, const struct config *config, const struct closure *closure, int store_fd)
{
	pthread_condattr_t attributes;

	*job = (struct job){
		.config = config,
		.closure = closure,
		.store_fd = store_fd,
		.umask = unpack_read_umask(),
		.lane_count = choose_lane_count(closure),
	};
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	job->order = make_order(job);
	job->lanes = must_realloc(NULL, job->lane_count, sizeof(*job->lanes));
	for (size_t i = 0; i < job->lane_count; i++)
		lane_init(&job->lanes[i], job);
}

static void job_destroy(struct job *job)
{
	for (size_t i = 0; i < job->lane_count; i++)
		lane_destroy(&job->lanes[i]);
	free(job->lanes);
	free(job->order);
	pthread_cond_destroy(&job->ended);
	pthread_mutex_destroy(&job->lock);
}

int copy_closure(const struct config *config, const struct closure *closure, int store_fd,
	copy_progress_fn *progress, void *userdata, struct error *err)
{
	struct job job;
	int r;

	if (closure->count == 0)
		return 0;
	job_init(&job, config, closure, store_fd);
	run_lanes(&job, progress, userdata);
	r = job.result;
	if (r < 0)
		*err = job.err;
	job_destroy(&job);
	return r;
}
