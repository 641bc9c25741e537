/* SPDX-License-Identifier: MIT */
/*
 * range_resume — joins the content of several answers to requests for one URL.
 *
 * Pure. After an answer that broke off, the request continues at the next byte (Range, RFC 9110,
 * section 14.2), with If-Range (section 13.1.5) if the server gave a strong ETag. A server that
 * starts from the beginning instead is accepted if ETag and length are the same. The bytes that are
 * there already are skipped.
 *
 * Ranges count the bytes of the encoded content. After an answer with a Content-Encoding (section
 * 8.4) the request starts from the beginning, and the decoded bytes that are there are skipped.
 *
 * Tested by: tests/unit/test_range_resume.c, tests/net/client.sh, tests/net/odd_caches.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RESUME_ETAG_BYTES 128

struct range_resume {
	int64_t got_bytes;   /* decoded bytes taken from all answers */
	int64_t skip_bytes;  /* of this answer, because they were taken before */
	int64_t total_bytes; /* -1 if unknown */
	bool encoded;	     /* the answers have a Content-Encoding: ranges cannot be used */
	char etag[RESUME_ETAG_BYTES]; /* strong, with its quotes; empty if there is none */
};

/* The relevant header fields of an answer. */
struct answer {
	long status;			  /* 200 or 206; 0 for a file */
	int64_t length_bytes;		  /* of this answer; -1 if unknown */
	bool encoded;			  /* it has a Content-Encoding */
	const char *content_range, *etag; /* empty if absent */
};

/* Takes the header of an answer to a request from byte got_bytes on. -EPROTO or -ESTALE with a
 * sentence if its content does not continue what was taken. */
int range_resume_begin(
	struct range_resume *resume, const struct answer *answer, struct error *err) WARN_UNUSED;

/* The byte from which to request the rest; 0 to request all of it. */
int64_t range_resume_first_byte(const struct range_resume *resume);

/* How many of the next size_bytes bytes of the answer were taken before. */
size_t range_resume_known(const struct range_resume *resume, size_t size_bytes);

/* Counts size_bytes bytes of the answer as taken, the known ones among them. */
void range_resume_take(struct range_resume *resume, size_t size_bytes);

/* Whether the last byte has been taken, as far as the length is known. Then nothing is left to
 * request. */
bool range_resume_is_complete(const struct range_resume *resume);

/* Whether an answer 416 with this Content-Range means so: an answer without a length broke off
 * behind its last byte. */
bool range_resume_is_behind(const struct range_resume *resume, const char *content_range);

/* 0 if everything has arrived, else -EIO with a sentence. */
int range_resume_end(const struct range_resume *resume, struct error *err) WARN_UNUSED;
