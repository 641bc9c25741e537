/* SPDX-License-Identifier: MIT */
/*
 * narinfo_queue — reads, parses and verifies narinfos in threads.
 *
 * Verifying a signature takes most of the time of a closure's traversal. Results are taken in the
 * order in which the narinfos were added, so the threads change neither the closure nor the first
 * error. One thread adds and takes; it helps while it waits. Narinfos of a server are fetched by
 * the caller.
 *
 * Tested by: tests/unit/test_closure.c.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "net/download.h"
#include "nix/cache.h"
#include "nix/narinfo.h"

/* One narinfo. The caller keeps it until it is taken. */
struct narinfo_request {
	const char *cache; /* its URL */
	char store_path[STORE_PATH_BYTES];
	bool is_file;		  /* document is still to be read from the cache's folder */
	struct download document; /* with its limit; the caller frees the text */
	int result;		  /* of cache_read_narinfo; -ENOENT if there is no such file */
	bool unread;		  /* the file cannot be read: fetching it gives the reason */
	struct narinfo info;
	struct error err;

	/* of the queue */
	bool done;
	struct narinfo_request *next;
};

struct narinfo_queue;

/* trust must outlive the queue, as must fetch, which is woken when a narinfo is verified; NULL for
 * none. When stop is set, results are -ECANCELED. */
struct narinfo_queue *narinfo_queue_new(
	const struct cache_trust *trust, struct fetch *fetch, const atomic_bool *stop);
void narinfo_queue_free(struct narinfo_queue **freed); /* all were taken */

/* Whether the narinfo of this path is in a folder, so that is_file may be set. */
bool narinfo_queue_reads(const char *cache);

void narinfo_queue_add(struct narinfo_queue *queue, struct narinfo_request *request);

/* The next one, if it is done; with wait, when it is done. NULL if there is none. */
struct narinfo_request *narinfo_queue_take(struct narinfo_queue *queue, bool wait);
