/* SPDX-License-Identifier: MIT */
/*
 * fetch — downloads URLs, several at a time, with retries, resume and redirects.
 *
 * Transient failures (no connection, timeout, reset, status 5xx or 429, an incomplete answer) are
 * retried as retry decides, and resumed as range_resume decides. An attempt that brings almost
 * nothing counts as one more failure in a row, so a server that sends a byte per connection is
 * given up. Permanent failures are returned at once, and -ETIMEDOUT when all attempts failed.
 * The first request runs alone; each that ends lets one more run at a time.
 * Redirects lead to http and https, never from https to http.
 *
 * Every sentence names the requested URL without user and password. A missing resource (http: 404,
 * 403, 410) is -ENOENT. All errors have EXIT_FETCH. curl_transfer does the network.
 *
 * Tested by: tests/unit/test_fetch.c, tests/net/client.sh, tests/net/faults.sh,
 * tests/net/http2.sh, tests/net/odd_caches.sh.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/curl_transfer.h"
#include "net/settings.h"

struct fetch; /* requests and their connections; belongs to one thread */

/* Runs at most parallel transfers at a time. settings must outlive the fetch. If stop is not NULL,
 * all requests end with -ECANCELED soon after it becomes true. */
struct fetch *fetch_new(
	const struct fetch_settings *settings, size_t parallel, const atomic_bool *stop);
void fetch_free(struct fetch **fetch);

typedef curl_transfer_piece_fn fetch_piece_fn;

/* Called once when a request ends: 0, or a negative errno with its sentence. */
typedef void fetch_done_fn(void *userdata, int r, struct error *err);

struct fetch_request {
	const char *url;       /* or an absolute path; copied */
	const char *body;      /* JSON to POST; NULL to GET. Must outlive the request. */
	const char *token;     /* for Authorization: Bearer; NULL for none. Must outlive it, too. */
	int64_t deadline_ms;   /* of clock_now_ms; 0 for none */
	bool pauses;	       /* piece may return -EAGAIN */
	fetch_piece_fn *piece; /* takes the content in order; NULL to discard it */
	void *userdata;	       /* for piece */
	fetch_done_fn *done;
	void *done_userdata;
};

/* Adds a request. May be called from done. */
void fetch_add(struct fetch *fetch, const struct fetch_request *request);

/* Whether a request that is added now will start at once. */
bool fetch_starts_next(const struct fetch *fetch);

/* Continues all requests and waits at most wait_ms for something to happen. Returns whether a
 * request is left. */
bool fetch_step(struct fetch *fetch, int wait_ms);

/* Ends the waiting of fetch_step and offers paused pieces again. Thread-safe. */
void fetch_wake(struct fetch *fetch);

/* Runs one request to its end; ignores its done. Pieces are delivered in the calling thread. */
int fetch_one(
	struct fetch *fetch, const struct fetch_request *request, struct error *err) WARN_UNUSED;

/* The same for the content of a URL. */
int fetch_stream(struct fetch *fetch, const char *url, fetch_piece_fn *piece, void *userdata,
	struct error *err) WARN_UNUSED;
