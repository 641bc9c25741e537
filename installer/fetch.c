/* SPDX-License-Identifier: MIT */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

#define FILE_SCHEME	  "file://"
#define BUFFER_BYTES	  (512L * 1024)
#define CONNECT_TIMEOUT_S 30L
#define STALL_TIMEOUT_S	  60L /* with less than STALL_BYTES_S */
#define STALL_BYTES_S	  1L
#define REDIRECTS_MAX	  10L

struct fetch {
	CURL *curl;
	const atomic_bool *stop;
	char reason[CURL_ERROR_SIZE];
	/* the transfer at hand */
	fetch_piece_fn *piece;
	void *userdata;
	struct error *err;
	int result; /* of the piece function */
	curl_off_t got_bytes;
};

static void start_library(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

/* An error page is no content: its status is looked at when the transfer is over. */
static bool is_content(CURL *curl)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status == 0 || status == 200;
}

static size_t take_piece(char *data, size_t one, size_t size_bytes, void *userdata)
{
	struct fetch *fetch = userdata;

	(void)one;
	if (!is_content(fetch->curl))
		return size_bytes;
	fetch->got_bytes += (curl_off_t)size_bytes;
	fetch->result = fetch->piece(
		fetch->userdata, (const uint8_t *)data, size_bytes, fetch->err);
	return fetch->result < 0 ? CURL_WRITEFUNC_ERROR : size_bytes;
}

static int look_for_stop(
	void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct fetch *fetch = userdata;

	(void)total;
	(void)now;
	(void)up_total;
	(void)up_now;
	return fetch->stop && atomic_load(fetch->stop);
}

struct fetch *fetch_new(const atomic_bool *stop)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fetch *fetch = must_realloc(NULL, 1, sizeof(*fetch));
	CURL *curl;

	pthread_once(&once, start_library);
	curl = curl_easy_init();
	if (!curl)
		abort();
	*fetch = (struct fetch){ .curl = curl, .stop = stop };
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "file,http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_S);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->reason);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	return fetch;
}

void fetch_free(struct fetch **fetch)
{
	if (!*fetch)
		return;
	curl_easy_cleanup((*fetch)->curl);
	free(*fetch);
	*fetch = NULL;
}

/* A plain path as a URL: every byte that a URL may not hold is quoted. */
static char *url_of(const char *url_or_path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/+=,@:";
	char *url, *at;

	if (url_or_path[0] != '/') {
		url = strdup(url_or_path);
		return url ? url : (abort(), NULL);
	}
	url = must_realloc(NULL, strlen(FILE_SCHEME) + 3 * strlen(url_or_path) + 1, 1);
	at = stpcpy(url, FILE_SCHEME);
	for (const char *c = url_or_path; *c; c++) {
		if (strchr(plain, *c))
			*at++ = *c;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*c);
	}
	*at = '\0';
	return url;
}

/* libcurl does not say why a file cannot be opened; asking the file system does. */
static int file_reason(struct fetch *fetch, const char *url)
{
	char *path = curl_easy_unescape(fetch->curl, url + strlen(FILE_SCHEME), 0, NULL);
	struct stat st;
	int r = -EACCES;

	if (path && stat(path, &st) < 0)
		r = -errno;
	curl_free(path);
	return r;
}

static int fetch_error(struct fetch *fetch, const char *url, int r, const char *reason)
{
	return error_set_code(fetch->err, EXIT_FETCH, r, "fetch %s: %s", url, reason);
}

/* What a transfer that libcurl calls failed means. */
static int transfer_error(struct fetch *fetch, const char *url, CURLcode code)
{
	int r = -EIO;

	if (fetch->result < 0) {
		error_wrap(fetch->err, "%s", url);
		return fetch->result;
	}
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return fetch_error(fetch, url, -ECANCELED, "it was stopped");
	if (code == CURLE_FILE_COULDNT_READ_FILE && strncmp(url, FILE_SCHEME "/", 8) == 0) {
		r = file_reason(fetch, url);
		return fetch_error(fetch, url, r, strerror(-r));
	}
	return fetch_error(
		fetch, url, r, fetch->reason[0] ? fetch->reason : curl_easy_strerror(code));
}

/* A transfer that libcurl calls good may still have had a bad status, or have met a read error in
 * a file, which libcurl takes for the file's end. */
static int check_transfer(struct fetch *fetch, const char *url)
{
	curl_off_t want_bytes = -1;
	long status = 0;
	char reason[128];

	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!is_content(fetch->curl)) {
		snprintf(reason, sizeof(reason), "the server answers %ld", status);
		/* Stores that may not be listed answer 403 for what they do not have. */
		return fetch_error(
			fetch, url, status == 404 || status == 403 ? -ENOENT : -EIO, reason);
	}
	curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &want_bytes);
	if (want_bytes < 0 || want_bytes == fetch->got_bytes)
		return 0;
	snprintf(reason, sizeof(reason), "only %lld of %lld bytes could be read",
		(long long)fetch->got_bytes, (long long)want_bytes);
	return fetch_error(fetch, url, -EIO, reason);
}

int fetch_stream(struct fetch *fetch, const char *url_or_path, fetch_piece_fn *piece,
	void *userdata, struct error *err)
{
	AUTO_FREE char *url = url_of(url_or_path);
	CURLcode code;

	fetch->piece = piece;
	fetch->userdata = userdata;
	fetch->err = err;
	fetch->result = 0;
	fetch->got_bytes = 0;
	fetch->reason[0] = '\0';
	code = curl_easy_setopt(fetch->curl, CURLOPT_URL, url);
	if (code == CURLE_OK)
		code = curl_easy_perform(fetch->curl);
	if (code != CURLE_OK)
		return transfer_error(fetch, url, code);
	return check_transfer(fetch, url);
}

struct document {
	char *text;
	size_t size_bytes;
	size_t limit_bytes;
};

static int add_to_document(
	void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct document *document = userdata;

	if (size_bytes > document->limit_bytes - document->size_bytes)
		return error_set_code(err, EXIT_FETCH, -EFBIG, "it is larger than %zu bytes",
			document->limit_bytes);
	document->text = must_realloc(document->text, document->size_bytes + size_bytes + 1, 1);
	memcpy(document->text + document->size_bytes, data, size_bytes);
	document->size_bytes += size_bytes;
	return 0;
}

int fetch_document(struct fetch *fetch, const char *url, size_t limit_bytes, char **ret_text,
	size_t *ret_size_bytes, struct error *err)
{
	struct document document = { .limit_bytes = limit_bytes };
	int r = fetch_stream(fetch, url, add_to_document, &document, err);

	if (r < 0) {
		free(document.text);
		return r;
	}
	document.text = must_realloc(document.text, document.size_bytes + 1, 1);
	document.text[document.size_bytes] = '\0';
	*ret_text = document.text;
	*ret_size_bytes = document.size_bytes;
	return 0;
}

int fetch_text(const char *url, size_t limit_bytes, char **ret_text, size_t *ret_size_bytes,
	struct error *err)
{
	struct fetch *fetch = fetch_new(NULL);
	int r = fetch_document(fetch, url, limit_bytes, ret_text, ret_size_bytes, err);

	fetch_free(&fetch);
	return r;
}

char *fetch_join(const char *base, const char *name)
{
	size_t length = strlen(base);
	char *joined = NULL;

	while (length > 0 && base[length - 1] == '/')
		length--;
	if (asprintf(&joined, "%.*s/%s", (int)length, base, name) < 0)
		abort();
	return joined;
}
