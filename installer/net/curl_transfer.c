/* SPDX-License-Identifier: MIT */
#include "net/curl_transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/retry.h"
#include "net/url.h"

#define FILE_BUFFER_BYTES    (512L * 1024)
#define NET_BUFFER_BYTES     (128L * 1024)
#define CONNECTIONS_MAX	     128L /* to one server */
#define CONNECT_TIMEOUT_S    15L
#define STALL_TIMEOUT_S	     30L   /* unless the settings name another */
#define STALL_BYTES_S	     1024L /* a transfer below this rate has stalled */
#define ERROR_PAGE_BYTES_MAX (64 * 1024)
#define RETRY_AFTER_MAX_S    (366 * 24 * 60 * 60)

struct easy_handle {
	CURL *curl;
	struct curl_slist *headers;
	struct easy_handle *next; /* of those that are not in use, or of those that are */
	bool answered;		  /* content has come */
	bool paused;		  /* the last piece was refused for now */
	size_t error_page_bytes;
	char reason[CURL_ERROR_SIZE];
};

struct transfer_pool {
	CURLM *multi;
	struct easy_handle *idle, *busy;
	atomic_bool woken;
};

/* ------------------------------------------------------------ content */

static long status_of(const struct curl_transfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Whether the body is content. Error pages are not; files have no status. */
static bool is_content(const struct curl_transfer *transfer, long status)
{
	if (transfer->body)
		return status >= 200 && status <= 299;
	return status == 200 || status == 206 || !url_is_remote(transfer->url);
}

/* The value of a header field, valid until the next call. */
static const char *field(const struct curl_transfer *transfer, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(transfer->easy->curl, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return "";
	return header->value;
}

static bool is_encoding(const char *content_encoding)
{
	return *content_encoding && strcasecmp(content_encoding, "identity") != 0;
}

static int take_headers(struct curl_transfer *transfer, long status)
{
	curl_off_t length_bytes = -1;
	char content_range[128];
	struct answer answer = { .status = status, .content_range = content_range };

	transfer->easy->answered = true;
	curl_easy_getinfo(transfer->easy->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length_bytes);
	snprintf(content_range, sizeof(content_range), "%s", field(transfer, "Content-Range"));
	answer.length_bytes = length_bytes;
	answer.encoded = is_encoding(field(transfer, "Content-Encoding"));
	answer.etag = field(transfer, "ETag");
	return range_resume_begin(&transfer->resume, &answer, &transfer->err);
}

static int deliver(struct curl_transfer *transfer, const uint8_t *data, size_t size_bytes)
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
	struct easy_handle *easy = transfer->easy;
	long status = status_of(transfer);
	int r = 0;

	(void)one;
	if (!is_content(transfer, status)) {
		easy->error_page_bytes += size_bytes;
		return easy->error_page_bytes > ERROR_PAGE_BYTES_MAX ? CURL_WRITEFUNC_ERROR
								     : size_bytes;
	}
	if (!easy->answered)
		r = take_headers(transfer, status);
	if (r == 0)
		r = deliver(transfer, (const uint8_t *)data, size_bytes);
	easy->paused = r == -EAGAIN;
	if (easy->paused)
		return CURL_WRITEFUNC_PAUSE;
	transfer->result = r;
	return r < 0 ? CURL_WRITEFUNC_ERROR : size_bytes;
}

static bool is_stopped(const struct curl_transfer *transfer)
{
	return transfer->stop && atomic_load(transfer->stop);
}

static int check_stop(
	void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	(void)total;
	(void)now;
	(void)up_total;
	(void)up_now;
	return is_stopped(userdata);
}

/* ------------------------------------------------------------ options */

static void add_header(struct easy_handle *easy, const char *name, const char *value)
{
	AUTO_FREE char *line = NULL;

	if (asprintf(&line, "%s: %s", name, value) < 0)
		abort();
	easy->headers = curl_slist_append(easy->headers, line);
	if (!easy->headers)
		abort();
}

static void add_token(struct easy_handle *easy, const char *token)
{
	AUTO_FREE char *value = NULL;

	if (asprintf(&value, "Bearer %s", token) < 0)
		abort();
	add_header(easy, "Authorization", value);
}

/* Requests all of the content, or the missing part. */
static void set_request(const struct curl_transfer *transfer)
{
	struct easy_handle *easy = transfer->easy;
	int64_t first_byte = range_resume_first_byte(&transfer->resume);
	char range[32];

	if (transfer->body) {
		add_header(easy, "Content-Type", "application/json");
		curl_easy_setopt(easy->curl, CURLOPT_POSTFIELDS, transfer->body);
	} else if (first_byte > 0) {
		snprintf(range, sizeof(range), "%lld-", (long long)first_byte);
		curl_easy_setopt(easy->curl, CURLOPT_RANGE, range);
		if (*transfer->resume.etag)
			add_header(easy, "If-Range", transfer->resume.etag);
	}
	if (transfer->token)
		add_token(easy, transfer->token);
	curl_easy_setopt(easy->curl, CURLOPT_HTTPHEADER, easy->headers);
}

static void set_limits(const struct curl_transfer *transfer)
{
	CURL *curl = transfer->easy->curl;
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
	CURL *curl = transfer->easy->curl;

	if (*settings->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file);
	if (*settings->netrc_file) {
		curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
		curl_easy_setopt(curl, CURLOPT_NETRC_FILE, settings->netrc_file);
	}
}

/* libcurl follows no redirect; fetch checks the target first. */
static void set_options(struct curl_transfer *transfer)
{
	CURL *curl = transfer->easy->curl;

	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "file,http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
		(long)(transfer->pauses ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "guest-installer/" VERSION);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE,
		url_is_remote(transfer->url) ? NET_BUFFER_BYTES : FILE_BUFFER_BYTES);
	/* Asks for plain content, of which a part can be requested; content that a server encodes
	 * nevertheless is decoded. */
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "identity");
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->easy->reason);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, check_stop);
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

/* -1 if the server names no time. */
static int64_t retry_after_ms(const struct curl_transfer *transfer)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(transfer->easy->curl, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		return -1;
	return 1000 * (int64_t)(seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S);
}

/* Object stores without list permission answer 403 for missing objects. */
static int result_of_status(long status)
{
	switch (status) {
	case 403:
	case 404:
	case 410:
		return -ENOENT;
	case 401:
	case 407: /* a proxy's */
		return -EACCES;
	default:
		return -EIO;
	}
}

/* Sets where a redirect leads to, if it says so. */
static void set_location(struct curl_transfer *transfer, long status)
{
	const char *to = NULL;

	if (status < 300 || status > 308 || (status > 303 && status < 307))
		return;
	curl_easy_getinfo(transfer->easy->curl, CURLINFO_REDIRECT_URL, &to);
	if (!to)
		to = field(transfer, "Location");
	if (!*to)
		return;
	transfer->location = strdup(to);
	if (!transfer->location)
		abort();
}

static void set_status_result(struct curl_transfer *transfer, long status)
{
	static const char password[] = ": it wants a user and a password, which the file netrc on "
				       "the key drive can hold";
	char reason[128];

	snprintf(reason, sizeof(reason), "the server answers %ld%s", status,
		status == 401 ? password : "");
	fail(transfer, result_of_status(status), reason);
	transfer->is_transient = retry_status(status);
	transfer->retry_after_ms = retry_after_ms(transfer);
	set_location(transfer, status);
}

/* Whether the error is transient. An interrupted handshake is, one that TLS refused is not. */
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
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	case CURLE_SSL_CONNECT_ERROR:
		return !strstr(transfer->easy->reason, "error:");
	default:
		return false;
	}
}

/* libcurl does not report why a file cannot be opened; the file system does, if it still cannot. */
static void set_file_error(struct curl_transfer *transfer)
{
	AUTO_CLOSE int fd = -1;
	const char *quoted = url_file_path(transfer->url);
	char *path = NULL;
	int r = -EIO;

	if (quoted)
		path = curl_easy_unescape(transfer->easy->curl, quoted, 0, NULL);
	if (path) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		r = fd < 0 ? -errno : -EIO;
	}
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

static void set_curl_error(struct curl_transfer *transfer, CURLcode code)
{
	const char *reason = transfer->easy->reason;

	if (code == CURLE_FILE_COULDNT_READ_FILE) {
		set_file_error(transfer);
		return;
	}
	fail(transfer, -EIO, *reason ? reason : curl_easy_strerror(code));
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		add_date(&transfer->err);
	transfer->is_transient = url_is_remote(transfer->url) && is_transient(transfer, code);
}

static void set_result(struct curl_transfer *transfer, CURLcode code)
{
	long status = status_of(transfer);
	int r = 0;

	if (is_stopped(transfer)) {
		fail(transfer, -ECANCELED, "it was stopped");
	} else if (transfer->result < 0) {
		return;
	} else if (status == 416 &&
		   range_resume_is_behind(&transfer->resume, field(transfer, "Content-Range"))) {
		transfer->result = 0;
	} else if (status && !is_content(transfer, status)) {
		set_status_result(transfer, status);
	} else if (code != CURLE_OK && !range_resume_is_complete(&transfer->resume)) {
		/* A shared connection may end between the last byte and the end of the answer. */
		set_curl_error(transfer, code);
	} else {
		/* libcurl reports a read error of a file as its end; the length shows it. */
		if (!transfer->easy->answered)
			r = take_headers(transfer, status);
		transfer->result = r < 0 ? r : range_resume_end(&transfer->resume, &transfer->err);
	}
}

/* ------------------------------------------------------------ the pool */

static void start_library(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

struct transfer_pool *curl_transfer_pool_new(size_t parallel)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct transfer_pool *pool = must_realloc(NULL, 1, sizeof(*pool));

	pthread_once(&once, start_library);
	*pool = (struct transfer_pool){ .multi = curl_multi_init() };
	if (!pool->multi)
		abort();
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)parallel);
	curl_multi_setopt(pool->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX);
	return pool;
}

static struct easy_handle *take_easy_handle(struct transfer_pool *pool)
{
	struct easy_handle *easy = pool->idle;
	CURL *curl;

	if (easy) {
		pool->idle = easy->next;
		curl = easy->curl;
	} else {
		easy = must_realloc(NULL, 1, sizeof(*easy));
		curl = curl_easy_init();
		if (!curl)
			abort();
	}
	*easy = (struct easy_handle){ .curl = curl, .next = pool->busy };
	pool->busy = easy;
	return easy;
}

static void release_easy_handle(struct transfer_pool *pool, struct easy_handle *easy)
{
	struct easy_handle **at = &pool->busy;

	while (*at != easy)
		at = &(*at)->next;
	*at = easy->next;
	curl_slist_free_all(easy->headers);
	curl_easy_reset(easy->curl);
	easy->next = pool->idle;
	pool->idle = easy;
}

void curl_transfer_begin(struct transfer_pool *pool, struct curl_transfer *transfer)
{
	transfer->easy = take_easy_handle(pool);
	transfer->result = 0;
	transfer->is_transient = false;
	transfer->refused = false;
	transfer->retry_after_ms = -1;
	transfer->location = NULL;
	set_options(transfer);
	if (curl_multi_add_handle(pool->multi, transfer->easy->curl) != CURLM_OK)
		abort();
}

void curl_transfer_cancel(struct transfer_pool *pool, struct curl_transfer *transfer)
{
	curl_multi_remove_handle(pool->multi, transfer->easy->curl);
	release_easy_handle(pool, transfer->easy);
	transfer->easy = NULL;
}

void curl_transfer_pool_free(struct transfer_pool **pool)
{
	if (!*pool)
		return;
	for (struct easy_handle *easy; (easy = (*pool)->idle) != NULL;) {
		(*pool)->idle = easy->next;
		curl_easy_cleanup(easy->curl);
		free(easy);
	}
	curl_multi_cleanup((*pool)->multi);
	free(*pool);
	*pool = NULL;
}

static void resume_paused(struct transfer_pool *pool)
{
	if (!atomic_exchange(&pool->woken, false))
		return;
	for (struct easy_handle *easy = pool->busy; easy; easy = easy->next)
		if (easy->paused)
			curl_easy_pause(easy->curl, CURLPAUSE_CONT);
}

static struct curl_transfer *find_finished(struct transfer_pool *pool)
{
	struct curl_transfer *transfer = NULL;
	CURLMsg *message;
	CURLcode code;
	int left;

	message = curl_multi_info_read(pool->multi, &left);
	if (!message)
		return NULL;
	code = message->data.result;
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
	set_result(transfer, code);
	curl_transfer_cancel(pool, transfer);
	return transfer;
}

struct curl_transfer *curl_transfer_step(struct transfer_pool *pool, int wait_ms)
{
	struct curl_transfer *ended = find_finished(pool);
	int running;

	if (ended)
		return ended;
	resume_paused(pool);
	curl_multi_perform(pool->multi, &running);
	ended = find_finished(pool);
	if (!ended)
		curl_multi_poll(pool->multi, NULL, 0, wait_ms, NULL);
	return ended;
}

void curl_transfer_wake(struct transfer_pool *pool)
{
	atomic_store(&pool->woken, true);
	curl_multi_wakeup(pool->multi);
}
