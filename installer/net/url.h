/* SPDX-License-Identifier: MIT */
/*
 * url — checks, joins, quotes, redacts and redirects URLs.
 *
 * Pure. URLs are file://, http:// and https://. An absolute path stands for the file (RFC 3986).
 *
 * Tested by: tests/unit/test_url.c, tests/fuzz/url.c, tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether it is file:///…, an absolute path, or http(s)://HOST…, without blanks and control
 * characters. */
bool url_is_allowed(const char *text);

/* Whether its content comes over the network: http:// or https://. */
bool url_is_remote(const char *url);

/* Whether names can be joined to it: url_is_allowed, and without query and fragment if remote. */
bool url_is_base(const char *text);

/* The URL of a name below a base URL or path, with one slash between them; from malloc. */
char *url_join(const char *base, const char *name);

/* A path with every byte quoted that a URL may not contain; from malloc. */
char *url_quote_path(const char *path);

/* An absolute path as a file URL, quoted; a URL unchanged. From malloc. The result for path_bytes
 * bytes, NUL included, needs at most URL_OF_PATH_BYTES bytes. */
#define URL_OF_PATH_BYTES(path_bytes) (7 + 3 * (path_bytes))
char *url_of_path(const char *url_or_path);

/* The path in a file URL, quoted as it is there, or an absolute path itself; NULL for another
 * URL. */
const char *url_file_path(const char *url_or_path);

/* Removes user and password from every URL in a text, in place: "http://a:b@host/" becomes
 * "http://host/". */
void url_hide_credentials(char *text);

/* A copy of a URL without user and password; from malloc. */
char *url_shown(const char *url);

/* 0 if a redirect from one URL to the other is allowed: to http and https only, never from https to
 * http. -EPERM with a sentence if not. */
int url_check_redirect(const char *from, const char *to, struct error *err) WARN_UNUSED;
