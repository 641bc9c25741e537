/* SPDX-License-Identifier: MIT */
/*
 * worker — one of the pipelines that copy archives in parallel.
 *
 * A worker is two threads. The producer fetches and decompresses into a ring of buffers. The
 * consumer hashes, parses and unpacks from it. copy starts the threads and waits for them.
 *
 * Tested by: tests/unit/test_copy.c, tests/net/client.sh.
 */
#pragma once

#include "store/copy_job.h"

/* A worker of the job, and its end when no thread uses it any longer. */
void worker_init(struct worker *worker, struct job *job);
void worker_destroy(struct worker *worker);

/* The main functions of the two threads. */
void *worker_produce(void *userdata);
void *worker_consume(void *userdata);
