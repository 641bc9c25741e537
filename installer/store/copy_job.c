/* SPDX-License-Identifier: MIT */
#include "store/copy_job.h"

void copy_job_fail(struct job *job, size_t path, int r, const struct error *err)
{
	pthread_mutex_lock(&job->lock);
	if (job->result == 0) {
		job->result = r;
		job->failed = path;
		job->err = *err;
	}
	pthread_mutex_unlock(&job->lock);
	atomic_store(&job->stop, true);
	for (size_t i = 0; i < job->groups.worker_count; i++)
		piece_ring_stop(&job->workers[i].ring);
	prefetch_stop(job->prefetch);
}
