/* SPDX-License-Identifier: MIT */
/*
 * fetch — the bytes behind a URL, by libcurl; the only file that includes it.
 *
 * URLs are file://, http:// and https://; a plain absolute path means the file. Every sentence
 * names the URL. What is not there is -ENOENT; all errors have EXIT_FETCH.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct fetch; /* a connection that is kept for one URL after the other; for one thread */

/* stop, if not NULL, ends a transfer with -ECANCELED soon after it becomes true. */
struct fetch *fetch_new(const atomic_bool *stop);
void fetch_free(struct fetch **fetch);

/* Takes the next piece; 0, or a negative errno with its sentence, which ends the transfer. */
typedef int fetch_piece_fn(
	void *userdata, const uint8_t *data, size_t size_bytes, struct error *err);

/* Hands the content over in pieces, in their order, from this thread. */
int fetch_stream(struct fetch *fetch, const char *url, fetch_piece_fn *piece, void *userdata,
	struct error *err) WARN_UNUSED;

/* A small document as a whole, from malloc, with a NUL behind it. -EFBIG above limit_bytes. */
int fetch_document(struct fetch *fetch, const char *url, size_t limit_bytes, char **ret_text,
	size_t *ret_size_bytes, struct error *err) WARN_UNUSED;

/* The same with a connection of its own. */
int fetch_text(const char *url, size_t limit_bytes, char **ret_text, size_t *ret_size_bytes,
	struct error *err) WARN_UNUSED;

/* The URL of a name below a base URL or path, from malloc. */
char *fetch_join(const char *base, const char *name);
