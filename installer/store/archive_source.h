/* SPDX-License-Identifier: MIT */
/*
 * archive_source — reads the archive of one path from a cache and decompresses it into a worker's
 * ring.
 *
 * If a cache fails, the next one that has the same archive continues where it ended. What the bytes
 * are is checked by the worker's other thread.
 *
 * Tested by: tests/unit/test_copy.c, tests/net/client.sh.
 */
#pragma once

#include "base/error.h"

struct worker;

/* Fills the ring with the archive of worker->path; its last piece is marked. EXIT_FETCH if no cache
 * has delivered it whole, EXIT_VERIFY if it is longer or shorter than NarSize, -ECANCELED if the
 * copy was stopped. */
int archive_source_read(struct worker *worker, struct error *err);
