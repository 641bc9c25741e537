/* SPDX-License-Identifier: MIT */
#include "net/download.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/encoding.h"

int download_add(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct download *document = userdata;

	if (size_bytes > document->limit_bytes - document->size_bytes)
		return error_set_code(err, EXIT_FETCH, -EFBIG, "it is larger than %zu bytes",
			document->limit_bytes);
	document->text = must_realloc(document->text, document->size_bytes + size_bytes + 1, 1);
	memcpy(document->text + document->size_bytes, data, size_bytes);
	document->size_bytes += size_bytes;
	return 0;
}

void download_end(struct download *document)
{
	document->text = must_realloc(document->text, document->size_bytes + 1, 1);
	document->text[document->size_bytes] = '\0';
}

int download_fetch(const struct fetch_settings *settings, const char *url, size_t limit_bytes,
	char **ret_text, size_t *ret_size_bytes, struct error *err)
{
	struct download document = { .limit_bytes = limit_bytes };
	struct fetch *fetch = fetch_new(settings, 1, NULL);
	int r = fetch_stream(fetch, url, download_add, &document, err);

	fetch_free(&fetch);
	if (r < 0) {
		free(document.text);
		return r;
	}
	download_end(&document);
	*ret_text = document.text;
	*ret_size_bytes = document.size_bytes;
	return 0;
}

int download_post(
	const struct report_target *target, const char *json, int64_t timeout_ms, struct error *err)
{
	const struct fetch_request request = {
		.url = target->url,
		.body = json,
		.token = target->token[0] ? target->token : NULL,
		.deadline_ms = clock_now_ms() + timeout_ms,
	};
	struct fetch *fetch = fetch_new(&target->fetch, 1, NULL);
	int r = fetch_one(fetch, &request, err);

	fetch_free(&fetch);
	return r;
}

int download_check_sha256(const char *text, size_t size_bytes, const uint8_t expected[32],
	const char *key, struct error *err)
{
	uint8_t sum[SHA256_BYTES];
	char hex[HEX_CHARS(SHA256_BYTES) + 1];

	digest_sha256(text, size_bytes, sum);
	if (memcmp(sum, expected, sizeof(sum)) == 0)
		return 0;
	hex_encode(sum, sizeof(sum), hex);
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"its SHA-256 is %s, which is not what %s says: get the right file, or set %s to the sum of the file that you mean (sha256sum)",
		hex, key, key);
}
