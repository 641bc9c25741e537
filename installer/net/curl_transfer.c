/* SPDX-License-Identifier: MIT */
#include "net/curl_transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/http_header.h"
#include "net/retry.h"
#include "net/url.h"

#define FILE_SCHEME	  "file://"
#define FILE_BUFFER_BYTES (512L * 1024)
#define NET_BUFFER_BYTES  (128L * 1024)
#define CONNECT_TIMEOUT_S 15L
#define STALL_TIMEOUT_S	  30L	      /* where configuration is silent, too */
#define STALL_BYTES_S	  1L	      /* less than this is silence */
#define REFUSAL_BYTES_MAX (64 * 1024) /* of a page that says no */

struct handle {
	CURL *curl;
	struct curl_slist *headers;
	struct handle *next; /* of those that are not in use, or of those that are */
	bool answered;	     /* content has come */
	bool paused;	     /* the last piece was refused for now */
	size_t refusal_bytes;
	char reason[CURL_ERROR_SIZE];
};

struct wire {
	CURLM *multi;
	struct handle *idle, *busy;
	atomic_bool woken;
};

/* ------------------------------------------------------------ content */

static long status_of(const struct curl_transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->handle->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* A page that says no is no content; files have no status. */
static bool is_content(const struct curl_transfer *transfer, long status)
{
	if (transfer->body)
		return status >= 200 && status <= 299;
	return status == 200 || status == 206 || !url_is_remote(transfer->url);
}

/* The value of a field of the answer's header; it lasts until the next one is asked for. */
static const char *field(const struct curl_transfer *transfer, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(transfer->handle->curl, name, 0, CURLH_HEADER, -1, &header) !=
		CURLHE_OK)
		return "";
	return header->value;
}

static int take_headers(struct curl_transfer *transfer, long status)
{
	curl_off_t length_bytes = -1;
	char content_range[128];
	struct answer answer = { .status = status, .content_range = content_range };

	transfer->handle->answered = true;
	curl_easy_getinfo(
		transfer->handle->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length_bytes);
	snprintf(content_range, sizeof(content_range), "%s", field(transfer, "Content-Range"));
	answer.length_bytes = length_bytes;
	answer.etag = field(transfer, "ETag");
	return range_resume_begin(&transfer->resume, &answer, &transfer->err);
}

static int give(struct curl_transfer *transfer, const uint8_t *data, size_t size_bytes)
{
	size_t known_bytes = range_resume_known(&transfer->resume, size_bytes);
	int r = 0;

	if (transfer->piece && size_bytes > known_bytes)
		r = transfer->piece(transfer->userdata, data + known_bytes,
			size_bytes - known_bytes, &transfer->err);
	if (r == 0)
		range_resume_take(&transfer->resume, size_bytes);
	else if (r != -EAGAIN)
		transfer->refused = true;
	return r;
}

static size_t take_piece(char *data, size_t one, size_t size_bytes, void *userdata)
{
	struct curl_transfer *transfer = userdata;
	struct handle *handle = transfer->handle;
	long status = status_of(transfer);
	int r = 0;

	(void)one;
	if (!is_content(transfer, status)) {
		handle->refusal_bytes += size_bytes;
		return handle->refusal_bytes > REFUSAL_BYTES_MAX ? CURL_WRITEFUNC_ERROR
								 : size_bytes;
	}
	if (!handle->answered)
		r = take_headers(transfer, status);
	if (r == 0)
		r = give(transfer, (const uint8_t *)data, size_bytes);
	handle->paused = r == -EAGAIN;
	if (handle->paused)
		return CURL_WRITEFUNC_PAUSE;
	transfer->result = r;
	return r < 0 ? CURL_WRITEFUNC_ERROR : size_bytes;
}

static bool is_stopped(const struct curl_transfer *transfer)
{
	return transfer->stop && atomic_load(transfer->stop);
}

static int look_for_stop(
	void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	(void)total;
	(void)now;
	(void)up_total;
	(void)up_now;
	return is_stopped(userdata);
}

/* ------------------------------------------------------------ options */

static void add_header(struct handle *handle, const char *name, const char *value)
{
	AUTO_FREE char *line = NULL;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		abort();
	handle->headers = curl_slist_append(handle->headers, line);
	if (!handle->headers)
		abort();
}

/* What is asked for: all of it, or what is missing. */
static void set_request(const struct curl_transfer *transfer)
{
	struct handle *handle = transfer->handle;
	char range[32];

	if (transfer->body) {
		add_header(handle, "Content-Type", "application/json");
		curl_easy_setopt(handle->curl, CURLOPT_POSTFIELDS, transfer->body);
	} else if (transfer->resume.got_bytes > 0) {
		snprintf(range, sizeof(range), "%lld-", (long long)transfer->resume.got_bytes);
		curl_easy_setopt(handle->curl, CURLOPT_RANGE, range);
		if (*transfer->resume.etag)
			add_header(handle, "If-Range", transfer->resume.etag);
	}
	curl_easy_setopt(handle->curl, CURLOPT_HTTPHEADER, handle->headers);
}

static void set_limits(const struct curl_transfer *transfer)
{
	CURL *curl = transfer->handle->curl;
	long stall_s = (long)transfer->settings->stall_timeout_s;

	if (stall_s == 0)
		stall_s = STALL_TIMEOUT_S;
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
		stall_s < CONNECT_TIMEOUT_S ? stall_s : CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall_s);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_S);
	if (transfer->deadline_ms) {
		int64_t left_ms = transfer->deadline_ms - clock_now_ms();

		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
	}
}

static void set_trust(const struct curl_transfer *transfer)
{
	const struct fetch_settings *settings = transfer->settings;
	CURL *curl = transfer->handle->curl;

	if (*settings->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
	if (*settings->netrc_file) {
		curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
		curl_easy_setopt(curl, CURLOPT_NETRC_FILE, settings->netrc_file);
	}
}

/* libcurl follows no redirect: fetch looks where it leads. */
static void set_options(struct curl_transfer *transfer)
{
	CURL *curl = transfer->handle->curl;

	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "file,http,https");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "guest-installer/" VERSION);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE,
		url_is_remote(transfer->url) ? NET_BUFFER_BYTES : FILE_BUFFER_BYTES);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->handle->reason);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	set_trust(transfer);
	set_limits(transfer);
	set_request(transfer);
}

/* ------------------------------------------------------------ how it ended */

static void fail(struct curl_transfer *transfer, int r, const char *reason)
{
	transfer->result = error_set_code(&transfer->err, EXIT_FETCH, r, "%s", reason);
}

/* Stores that may not be listed answer 403 for what they do not have. */
static void judge_status(struct curl_transfer *transfer, long status)
{
	static const char password[] = ": it wants a user and a password, which the file netrc on "
				       "the key drive can hold";
	char reason[128];
	const char *to = NULL;

	snprintf(reason, sizeof(reason), "the server answers %ld%s", status,
		status == 401 ? password : "");
	fail(transfer, status == 404 || status == 403 || status == 410 ? -ENOENT : -EIO, reason);
	transfer->is_transient = retry_status(status);
	transfer->asked_ms = http_header_retry_after_ms(field(transfer, "Retry-After"), time(NULL));
	if (status < 301 || status > 308 || (status > 303 && status < 307))
		return;
	curl_easy_getinfo(transfer->handle->curl, CURLINFO_REDIRECT_URL, &to);
	transfer->location = strdup(to ? to : field(transfer, "Location"));
	if (!transfer->location)
		abort();
}

/* A handshake that breaks off can pass, one that TLS refuses cannot. */
static bool is_transient(const struct curl_transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return true;
	case CURLE_SSL_CONNECT_ERROR:
		return !strstr(transfer->handle->reason, "error:");
	default:
		return false;
	}
}

/* libcurl does not say why a file cannot be opened; asking the file system does. */
static void judge_file(struct curl_transfer *transfer)
{
	char *path = NULL;
	struct stat st;
	int r = -EACCES;

	if (strncmp(transfer->url, FILE_SCHEME "/", strlen(FILE_SCHEME "/")) == 0)
		path = curl_easy_unescape(
			transfer->handle->curl, transfer->url + strlen(FILE_SCHEME), 0, NULL);
	if (path && stat(path, &st) < 0)
		r = -errno;
	curl_free(path);
	fail(transfer, r, strerror(-r));
}

/* Certificates are valid from one date to another, and the clock may be wrong. */
static void add_date(struct error *err)
{
	time_t now = time(NULL);
	struct tm tm;
	char date[64];

	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &tm));
	text_append(err->text, sizeof(err->text), " (by this machine's clock it is %s)", date);
}

static void judge_code(struct curl_transfer *transfer, CURLcode code)
{
	const char *reason = transfer->handle->reason;

	if (code == CURLE_FILE_COULDNT_READ_FILE) {
		judge_file(transfer);
		return;
	}
	fail(transfer, -EIO, *reason ? reason : curl_easy_strerror(code));
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		add_date(&transfer->err);
	transfer->is_transient = url_is_remote(transfer->url) && is_transient(transfer, code);
}

static void judge_answer(struct curl_transfer *transfer, CURLcode code)
{
	long status = status_of(transfer);
	int r = 0;

	if (is_stopped(transfer)) {
		fail(transfer, -ECANCELED, "it was stopped");
	} else if (transfer->result < 0) {
		return;
	} else if (status && !is_content(transfer, status)) {
		judge_status(transfer, status);
	} else if (code != CURLE_OK) {
		judge_code(transfer, code);
	} else {
		/* A read error in a file is its end to libcurl. */
		if (!transfer->handle->answered)
			r = take_headers(transfer, status);
		transfer->result = r < 0 ? r : range_resume_end(&transfer->resume, &transfer->err);
	}
}

/* ------------------------------------------------------------ the wire */

static void start_library(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

struct wire *wire_new(size_t parallel)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct wire *wire = must_realloc(NULL, 1, sizeof(*wire));

	pthread_once(&once, start_library);
	*wire = (struct wire){ .multi = curl_multi_init() };
	if (!wire->multi)
		abort();
	curl_multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, (long)parallel);
	return wire;
}

static struct handle *take_handle(struct wire *wire)
{
	struct handle *handle = wire->idle;
	CURL *curl;

	if (handle) {
		wire->idle = handle->next;
		curl = handle->curl;
	} else {
		handle = must_realloc(NULL, 1, sizeof(*handle));
		curl = curl_easy_init();
		if (!curl)
			abort();
	}
	*handle = (struct handle){ .curl = curl, .next = wire->busy };
	wire->busy = handle;
	return handle;
}

static void release_handle(struct wire *wire, struct handle *handle)
{
	struct handle **at = &wire->busy;

	while (*at != handle)
		at = &(*at)->next;
	*at = handle->next;
	curl_slist_free_all(handle->headers);
	curl_easy_reset(handle->curl);
	handle->next = wire->idle;
	wire->idle = handle;
}

void wire_begin(struct wire *wire, struct curl_transfer *transfer)
{
	transfer->handle = take_handle(wire);
	transfer->result = 0;
	transfer->is_transient = false;
	transfer->refused = false;
	transfer->asked_ms = -1;
	transfer->location = NULL;
	set_options(transfer);
	if (curl_multi_add_handle(wire->multi, transfer->handle->curl) != CURLM_OK)
		abort();
}

void wire_abandon(struct wire *wire, struct curl_transfer *transfer)
{
	curl_multi_remove_handle(wire->multi, transfer->handle->curl);
	release_handle(wire, transfer->handle);
	transfer->handle = NULL;
}

void wire_free(struct wire **wire)
{
	if (!*wire)
		return;
	for (struct handle *handle; (handle = (*wire)->idle) != NULL;) {
		(*wire)->idle = handle->next;
		curl_easy_cleanup(handle->curl);
		free(handle);
	}
	curl_multi_cleanup((*wire)->multi);
	free(*wire);
	*wire = NULL;
}

static void offer_again(struct wire *wire)
{
	if (!atomic_exchange(&wire->woken, false))
		return;
	for (struct handle *handle = wire->busy; handle; handle = handle->next)
		if (handle->paused)
			curl_easy_pause(handle->curl, CURLPAUSE_CONT);
}

static struct curl_transfer *find_ended(struct wire *wire)
{
	struct curl_transfer *transfer = NULL;
	CURLMsg *message;
	CURLcode code;
	int left;

	message = curl_multi_info_read(wire->multi, &left);
	if (!message)
		return NULL;
	code = message->data.result;
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
	judge_answer(transfer, code);
	wire_abandon(wire, transfer);
	return transfer;
}

struct curl_transfer *wire_step(struct wire *wire, int wait_ms)
{
	struct curl_transfer *ended = find_ended(wire);
	int running;

	if (ended)
		return ended;
	offer_again(wire);
	curl_multi_perform(wire->multi, &running);
	ended = find_ended(wire);
	if (!ended)
		curl_multi_poll(wire->multi, NULL, 0, wait_ms, NULL);
	return ended;
}

void wire_wake(struct wire *wire)
{
	atomic_store(&wire->woken, true);
	curl_multi_wakeup(wire->multi);
}
