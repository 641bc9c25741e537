/* SPDX-License-Identifier: MIT */
/*
 * download — fetches and posts small texts as a whole.
 *
 * Tested by: tests/unit/test_fetch.c, tests/net/client.sh.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/fetch.h"
#include "net/settings.h"

/* A text that grows while it arrives; zero-initialized it is empty. */
struct download {
	char *text; /* from malloc; NUL-terminated by download_end */
	size_t size_bytes;
	size_t limit_bytes;
};

/* A fetch_piece_fn whose userdata is a struct download. -EFBIG above limit_bytes. */
int download_add(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err);

/* Terminates the text, also an empty one. */
void download_end(struct download *document);

/* Fetches the content of one URL, from malloc and NUL-terminated. */
int download_fetch(const struct fetch_settings *settings, const char *url, size_t limit_bytes,
	char **ret_text, size_t *ret_size_bytes, struct error *err) WARN_UNUSED;

/* Checks the pinned SHA-256 of a text. -EBADMSG with EXIT_VERIFY and the name of the configuration
 * key if it is another one. */
int download_check_sha256(const char *text, size_t size_bytes, const uint8_t expected[32],
	const char *key, struct error *err) WARN_UNUSED;

/* Posts JSON. Transient failures are retried until the server accepts it (status 2xx) or timeout_ms
 * have passed. A redirect is an error, so the token reaches no other server. */
int download_post(const struct report_target *target, const char *json, int64_t timeout_ms,
	struct error *err) WARN_UNUSED;
