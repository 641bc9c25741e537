/* SPDX-License-Identifier: MIT */
#include "net/range_resume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "net/http_header.h"

static int changed(struct error *err)
{
	return error_set_code(
		err, EXIT_FETCH, -ESTALE, "it changed on the server while it was fetched");
}

/* The answer continues where the last one broke off. */
static int begin_part(struct range_resume *resume, const struct answer *answer, struct error *err)
{
	struct content_range range;

	if (resume->got_bytes == 0 || resume->encoded || answer->encoded ||
		http_header_content_range(answer->content_range, &range) < 0 ||
		range.first_byte != resume->got_bytes)
		return error_set_code(err, EXIT_FETCH, -EPROTO,
			"the server sends another part than the one that was requested");
	if (resume->total_bytes >= 0 && range.total_bytes >= 0 &&
		range.total_bytes != resume->total_bytes)
		return changed(err);
	if (resume->total_bytes < 0)
		resume->total_bytes = range.total_bytes;
	resume->skip_bytes = 0;
	return 0;
}

/* The answer starts from the first byte. The length of an encoded one says nothing about what it
 * holds. */
static int begin_whole(struct range_resume *resume, const struct answer *answer, struct error *err)
{
	int64_t length_bytes = answer->encoded ? -1 : answer->length_bytes;

	if (resume->got_bytes == 0) {
		bool usable = strlen(answer->etag) < sizeof(resume->etag) &&
			      http_header_is_strong_etag(answer->etag);

		snprintf(resume->etag, sizeof(resume->etag), "%s", usable ? answer->etag : "");
		resume->total_bytes = length_bytes;
	} else if ((!answer->encoded && !resume->encoded && length_bytes != resume->total_bytes) ||
		   (*resume->etag && strcmp(resume->etag, answer->etag) != 0)) {
		return changed(err);
	}
	resume->skip_bytes = resume->got_bytes;
	resume->encoded = answer->encoded;
	return 0;
}

int range_resume_begin(struct range_resume *resume, const struct answer *answer, struct error *err)
{
	if (answer->status == 206)
		return begin_part(resume, answer, err);
	return begin_whole(resume, answer, err);
}

int64_t range_resume_first_byte(const struct range_resume *resume)
{
	return resume->encoded ? 0 : resume->got_bytes;
}

size_t range_resume_known(const struct range_resume *resume, size_t size_bytes)
{
	return (uint64_t)resume->skip_bytes < size_bytes ? (size_t)resume->skip_bytes : size_bytes;
}

void range_resume_take(struct range_resume *resume, size_t size_bytes)
{
	size_t known_bytes = range_resume_known(resume, size_bytes);

	resume->skip_bytes -= (int64_t)known_bytes;
	resume->got_bytes += (int64_t)(size_bytes - known_bytes);
}

bool range_resume_is_complete(const struct range_resume *resume)
{
	return !resume->encoded && resume->total_bytes > 0 && resume->skip_bytes == 0 &&
	       resume->got_bytes == resume->total_bytes;
}

bool range_resume_is_behind(const struct range_resume *resume, const char *content_range)
{
	int64_t total_bytes;

	return resume->got_bytes > 0 && !resume->encoded &&
	       http_header_whole_length(content_range, &total_bytes) == 0 &&
	       total_bytes == resume->got_bytes;
}

int range_resume_end(const struct range_resume *resume, struct error *err)
{
	if (resume->skip_bytes == 0 &&
		(resume->total_bytes < 0 || resume->total_bytes == resume->got_bytes))
		return 0;
	return error_set_code(err, EXIT_FETCH, -EIO,
		"only %" PRId64 " of %" PRId64 " bytes could be read",
		resume->got_bytes - resume->skip_bytes, resume->total_bytes);
}
