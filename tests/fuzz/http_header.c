/* SPDX-License-Identifier: MIT */
/* Any text as Content-Range and as ETag; lines as the headers of one answer after the other:
 * status, length, Content-Range, ETag, of whose content a part comes. */
#include "net/http_header.h"
#include "mutate.h"
#include "net/range_resume.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static void check_fields(const char *text)
{
	struct content_range range;

	if (http_header_content_range(text, &range) == 0) {
		promised(range.first_byte >= 0 && range.last_byte >= range.first_byte);
		promised(range.total_bytes == -1 || range.total_bytes > range.last_byte);
	}
	if (http_header_is_strong_etag(text))
		promised(strlen(text) >= 2 && !strpbrk(text, "\r\n"));
}

/* What has been taken never becomes less, and what is skipped is no more than that. */
static void check_splices(char *rest, uint64_t state)
{
	struct range_resume resume = { 0 };
	struct error err;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *etag = strsep(&rest, "\n");
		struct answer answer = { .status = *line == 'p' ? 206 : 200,
			.length_bytes = (int64_t)strlen(line),
			.encoded = *line == 'e',
			.content_range = *line == 'p' ? line + 1 : "",
			.etag = etag ? etag : "" };
		int64_t before_bytes = resume.got_bytes;
		size_t size_bytes = fuzz_piece(&state, 1000);

		err = FUZZ_NO_ERROR;
		if (range_resume_begin(&resume, &answer, &err) < 0) {
			promised(fuzz_error_is_set(&err) && resume.got_bytes == before_bytes);
			return;
		}
		promised(resume.skip_bytes >= 0 && resume.skip_bytes <= resume.got_bytes);
		promised(range_resume_known(&resume, size_bytes) <= size_bytes);
		range_resume_take(&resume, size_bytes);
		promised(resume.got_bytes >= before_bytes);
		if (range_resume_end(&resume, &err) == 0)
			promised(resume.skip_bytes == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);

	check_fields(text);
	check_splices(text, fuzz_hash(0, data, size_bytes));
	return 0;
}
