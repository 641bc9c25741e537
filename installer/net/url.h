/* SPDX-License-Identifier: MIT */
/*
 * url — the forms of URLs that are fetched, how they are joined, shown and redirected.
 *
 * Pure. URLs are file://, http:// and https://; a plain absolute path means the file (RFC 3986).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* file:///…, an absolute path, or http://HOST… or https://HOST…, without blanks and control
 * characters. */
bool url_is_allowed(const char *text);

/* Whether its bytes come over the network: http:// or https://. */
bool url_is_remote(const char *url);

/* A base to which names can be joined: url_is_allowed, and without query and fragment where it is
 * remote. */
bool url_is_base(const char *text);

/* The URL of a name below a base URL or path, with one slash between them; from malloc. */
char *url_join(const char *base, const char *name);

/* A plain path as a URL, with every byte quoted that a URL may not hold; a URL as it is. From
 * malloc. Of so many bytes, NULs counted, become at most this many. */
#define URL_OF_PATH_BYTES(path_bytes) (7 + 3 * (path_bytes))
char *url_of_path(const char *url_or_path);

/* Takes the user and password out of every URL in a text, in place: "http://a:b@host/" becomes
 * "http://host/". */
void url_hide_credentials(char *text);

/* A copy of a URL that may be shown; from malloc. */
char *url_shown(const char *url);

/* 0 if one URL may send us to the other: to http and https only, and never from https to http.
 * -EPERM with a sentence if not. */
int url_check_redirect(const char *from, const char *to, struct error *err) WARN_UNUSED;
