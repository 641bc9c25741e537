/* SPDX-License-Identifier: MIT */
/*
 * copy_job — what the threads of a copy share, and the state of each worker.
 *
 * Tested by: tests/unit/test_copy.c.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/digest.h"
#include "base/error.h"
#include "nix/cache_settings.h"
#include "nix/closure.h"
#include "nix/fallback.h"
#include "store/copy_groups.h"
#include "store/piece_ring.h"
#include "store/prefetch.h"
#include "store/store_dir.h"
#include "store/unpack.h"

/* The state that the workers share. */
struct job {
	const struct cache_settings *settings;
	const struct closure *closure;
	struct ext4_image *image;
	struct store_dir store;
	struct fallback *fallback;
	struct copy_groups groups;
	struct prefetch *prefetch; /* NULL if nothing comes over the network */
	struct worker *workers;	   /* groups.worker_count */
	atomic_uint_fast64_t done_bytes;
	atomic_bool area_was_full; /* a group did not fit into its area; its copy is incomplete */
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended;
	size_t running; /* threads of workers */
	int result;	/* of the first error */
	size_t failed;	/* index of the path where it happened, or JOB_NO_PATH */
	struct error err;
};

struct worker {
	struct job *job;
	struct piece_ring ring;

	/* of the producer */
	struct fetch *fetch;
	struct decompress *decompress;
	struct piece *piece; /* being filled */
	size_t position;     /* in the order */
	size_t path;
	bool prefetch_failed;	 /* of this path: its archive is fetched without it */
	uint64_t produced_bytes; /* of this path's archive */
	uint64_t known_bytes;	 /* still to skip: another cache sends them again */

	/* of the consumer */
	struct nar *nar;
	struct unpack unpack;
	struct digest *digest; /* NULL between two paths */
	size_t group;	       /* whose area unpack writes to */
	bool skip_group;       /* the area is full: the rest of the group is dropped */
};

/* Keeps the first error, and the path that had it, and ends all workers. */
#define JOB_NO_PATH SIZE_MAX
void copy_job_fail(struct job *job, size_t path, int r, const struct error *err);
