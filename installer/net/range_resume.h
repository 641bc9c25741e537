/* SPDX-License-Identifier: MIT */
/*
 * range_resume — how the content of several answers is spliced into one.
 *
 * Pure. An answer that broke off is asked for again from the byte where it stopped (Range,
 * RFC 9110, section 14.2), if the server has a strong ETag only as long as it is the same
 * (If-Range, section 13.1.5). A server that begins again instead is listened to from there on
 * where it broke off, if it sends the same thing: the ETag, and the length, are as before.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define RESUME_ETAG_BYTES 128

struct range_resume {
	int64_t got_bytes;	      /* that have been taken, of all answers */
	int64_t skip_bytes;	      /* that this answer sends once more */
	int64_t total_bytes;	      /* -1 if no server has said */
	char etag[RESUME_ETAG_BYTES]; /* strong, with its quotes; empty if there is none */
};

/* What the header of an answer says. */
struct answer {
	long status;			  /* 200 or 206; 0 where there is no HTTP */
	int64_t length_bytes;		  /* of this answer; -1 if unknown */
	const char *content_range, *etag; /* empty if there is none */
};

/* Takes the header of an answer to a request from byte got_bytes on. -EPROTO or -ESTALE with a
 * sentence if its content does not go on what is there. */
int range_resume_begin(
	struct range_resume *resume, const struct answer *answer, struct error *err) WARN_UNUSED;

/* How many of the next bytes of the answer have been taken before. */
size_t range_resume_known(const struct range_resume *resume, size_t size_bytes);

/* So many bytes of the answer were taken, the known ones among them. */
void range_resume_take(struct range_resume *resume, size_t size_bytes);

/* 0 if all has come, else -EIO with a sentence. */
int range_resume_end(const struct range_resume *resume, struct error *err) WARN_UNUSED;
