/* SPDX-License-Identifier: MIT */
/*
 * fetch — the bytes behind URLs, a few at a time, again and again until they are there.
 *
 * What can pass (no connection, a reset, silence, a status 5xx or 429, an answer that breaks off)
 * is tried again as retry says, and goes on where it stopped, as resume says. What cannot pass
 * fails at once, and what did not pass in all attempts with -ETIMEDOUT. Redirects are followed to
 * http and https, never from https to http. Every sentence names the URL that was asked for,
 * without user and password. What is not there (for http: 404, 403, 410) is -ENOENT; all errors
 * have EXIT_FETCH. The network is transfer's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/curl_transfer.h"
#include "net/settings.h"

struct fetch; /* requests, and the connections they share; for one thread */

/* At most parallel transfers go on at a time; config says whom to trust and how long to wait, and
 * has to stay. stop, if not NULL, ends all with -ECANCELED soon after it becomes true. */
struct fetch *fetch_new(
	const struct fetch_settings *settings, size_t parallel, const atomic_bool *stop);
void fetch_free(struct fetch **fetch);

typedef curl_transfer_piece_fn fetch_piece_fn;

/* Is told how a request ended, once: 0, or a negative errno with its sentence. */
typedef void fetch_done_fn(void *userdata, int r, struct error *err);

struct fetch_request {
	const char *url;       /* or an absolute path; it is copied */
	const char *body;      /* JSON to POST; NULL to GET. It has to stay. */
	int64_t deadline_ms;   /* of clock_now_ms; 0 for none */
	fetch_piece_fn *piece; /* gets the content in its order; NULL for none */
	void *userdata;	       /* piece's */
	fetch_done_fn *done;
	void *done_userdata;
};

/* Adds a request. Allowed within done, too. */
void fetch_add(struct fetch *fetch, const struct fetch_request *request);

/* Carries on with all requests, waiting for at most so long for something to happen. Whether any
 * is left. */
bool fetch_step(struct fetch *fetch, int wait_ms);

/* Ends the waiting of fetch_step, and has refused pieces offered again; from any thread. */
void fetch_wake(struct fetch *fetch);

/* One request to its end; its done is not used. The pieces come in this thread. */
int fetch_one(
	struct fetch *fetch, const struct fetch_request *request, struct error *err) WARN_UNUSED;

/* The same for the content of a URL. */
int fetch_stream(struct fetch *fetch, const char *url, fetch_piece_fn *piece, void *userdata,
	struct error *err) WARN_UNUSED;
