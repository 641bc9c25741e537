/* SPDX-License-Identifier: MIT */
/*
 * download — small texts that are fetched or sent as a whole.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/fetch.h"
#include "net/settings.h"

/* A text that grows while it comes; one that is all zero is empty. */
struct download {
	char *text; /* from malloc, with a NUL behind it once download_end was called */
	size_t size_bytes;
	size_t limit_bytes;
};

/* A fetch_piece_fn whose userdata is a document. -EFBIG above limit_bytes. */
int download_add(void *document, const uint8_t *data, size_t size_bytes, struct error *err);

/* Sets the NUL, so that there is a text even if nothing came. */
void download_end(struct download *document);

/* The content of one URL, from malloc, with a NUL behind it. */
int download_fetch(const struct fetch_settings *settings, const char *url, size_t limit_bytes,
	char **ret_text, size_t *ret_size_bytes, struct error *err) WARN_UNUSED;

/* What comes from anywhere must be what configuration says it is: -EBADMSG with EXIT_VERIFY if its
 * SHA-256 is another than what key stands for. */
int download_check_sha256(const char *text, size_t size_bytes, const uint8_t expected[32],
	const char *key, struct error *err) WARN_UNUSED;

/* Sends JSON by POST, again and again until a server has taken it (status 2xx), what happened
 * cannot pass, or timeout_ms are over. */
int download_post(const struct fetch_settings *settings, const char *url, const char *json,
	int64_t timeout_ms, struct error *err) WARN_UNUSED;
