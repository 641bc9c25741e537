/* SPDX-License-Identifier: MIT */
/*
 * curl_transfer — one attempt to transfer a URL, by libcurl. The only file that includes it.
 *
 * Reports how the attempt ended and whether the cause was transient. fetch decides about further
 * attempts and redirects. Content with a Content-Encoding that libcurl knows is decoded.
 *
 * Over TLS the transfers of a pool share an HTTP/2 connection if the server speaks it; else each
 * has a connection, which the next transfer uses again. A transfer that may be paused uses
 * HTTP/1.1, because its bytes would block a shared connection; it belongs to a pool of such
 * transfers.
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
#include "net/range_resume.h"
#include "net/settings.h"

struct transfer_pool; /* the transfers of one thread and the connections that they share */
struct easy_handle;   /* libcurl's state of a transfer */

/* Takes the next piece. 0, or a negative errno with its sentence, which ends the transfer. -EAGAIN
 * pauses it: nothing was taken, and the same bytes are offered again after curl_transfer_wake. Only
 * for transfers that pause, and not for file URLs. */
typedef int curl_transfer_piece_fn(
	void *userdata, const uint8_t *data, size_t size_bytes, struct error *err);

struct curl_transfer {
	/* the request */
	const struct fetch_settings *settings;
	const atomic_bool *stop;       /* NULL, or ends the transfer with -ECANCELED */
	const char *url;	       /* file://, http:// or https:// */
	const char *body;	       /* JSON to POST; NULL to GET */
	const char *token;	       /* for Authorization: Bearer; NULL for none */
	bool pauses;		       /* piece may return -EAGAIN: needs a connection of its own */
	int64_t deadline_ms;	       /* of clock_now_ms; 0 for none */
	curl_transfer_piece_fn *piece; /* NULL to discard the content */
	void *userdata;		       /* for piece */
	struct range_resume resume;    /* state over all attempts */

	/* the result */
	int result;		/* 0, or a negative errno; -ENOENT for a missing resource */
	struct error err;	/* a sentence without the URL */
	bool is_transient;	/* another attempt may help */
	bool refused;		/* piece returned the error */
	int64_t retry_after_ms; /* the server's Retry-After; -1 if none */
	char *location;		/* target of a redirect, from malloc; NULL if none */

	struct easy_handle *easy; /* NULL while the transfer is not running */
};

struct transfer_pool *curl_transfer_pool_new(size_t parallel);
void curl_transfer_pool_free(struct transfer_pool **pool);

/* Begins an attempt. The transfer must not be moved until it has ended. */
void curl_transfer_begin(struct transfer_pool *pool, struct curl_transfer *transfer);

/* Cancels a running attempt. */
void curl_transfer_cancel(struct transfer_pool *pool, struct curl_transfer *transfer);

/* Continues all transfers. Returns one that has ended. Else waits at most wait_ms for something to
 * happen and returns NULL. */
struct curl_transfer *curl_transfer_step(struct transfer_pool *pool, int wait_ms);

/* Ends the waiting of curl_transfer_step and continues paused transfers. Thread-safe. */
void curl_transfer_wake(struct transfer_pool *pool);
