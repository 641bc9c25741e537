/* SPDX-License-Identifier: MIT */
/*
 * curl_transfer — one attempt at a URL, by libcurl; the only file that includes it.
 *
 * It says how the attempt ended and whether another one may help. Whether and when there is
 * another one, and whether a redirect is followed, is decided by fetch.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/range_resume.h"
#include "net/settings.h"

struct wire;   /* the connections that transfers of one thread share */
struct handle; /* libcurl's side of a transfer */

/* Takes the next piece; 0, or a negative errno with its sentence, which ends the transfer. -EAGAIN
 * means that nothing was taken and that the same bytes shall come again after wire_wake; this is
 * not for file URLs. */
typedef int curl_transfer_piece_fn(
	void *userdata, const uint8_t *data, size_t size_bytes, struct error *err);

struct curl_transfer {
	/* what is wanted */
	const struct fetch_settings *settings; /* certificates, passwords, time-outs */
	const atomic_bool *stop;	       /* NULL, or ends it with -ECANCELED */
	const char *url;		       /* file://, http:// or https:// */
	const char *body;		       /* JSON to POST; NULL to GET */
	int64_t deadline_ms;		       /* of clock_now_ms; 0 for none */
	curl_transfer_piece_fn *piece;	       /* NULL: the content is of no interest */
	void *userdata;			       /* piece's */
	struct range_resume resume; /* what attempts before have brought, and then this one */

	/* how it ended */
	int result;	   /* 0, or a negative errno; -ENOENT for what is not there */
	struct error err;  /* a sentence that does not name the URL */
	bool is_transient; /* the cause of a failure: another attempt may help */
	bool refused;	   /* by piece: err is its own */
	int64_t asked_ms;  /* that the server asks us to wait; -1 if it does not */
	char *location;	   /* where it sends us, from malloc; NULL if it does not */

	struct handle *handle; /* NULL while it does not run */
};

struct wire *wire_new(size_t parallel);
void wire_free(struct wire **wire);

/* Begins an attempt; the transfer must stay where it is until it has ended. */
void wire_begin(struct wire *wire, struct curl_transfer *transfer);

/* Breaks an attempt off. */
void wire_abandon(struct wire *wire, struct curl_transfer *transfer);

/* Carries on with all. A transfer that has ended, or NULL if there is none for now; then it has
 * waited for at most so long for something to happen. */
struct curl_transfer *wire_step(struct wire *wire, int wait_ms);

/* Ends the waiting of wire_step, and has refused pieces offered again; from any thread. */
void wire_wake(struct wire *wire);
