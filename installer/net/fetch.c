/* SPDX-License-Identifier: MIT */
#include "net/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/retry.h"
#include "net/url.h"

#define REDIRECTS_MAX  10
#define WAIT_MS	       250	   /* how soon a stop is noticed */
#define PROGRESS_BYTES (64 * 1024) /* an attempt that brings less counts as a failure in a row */

/* A request that waits for a slot, or has one. */
struct queued_request {
	struct queued_request *next;
	struct fetch_request request; /* owns its URL */
};

/* Runs one request at a time. */
struct slot {
	struct queued_request *queued; /* NULL if the slot is free */
	char *url;		       /* after redirects */
	unsigned redirects;
	unsigned failures;    /* in a row */
	int64_t before_bytes; /* bytes taken before this attempt */
	int64_t begin_at_ms;  /* time of the next attempt, while none is running */
	struct curl_transfer transfer;
};

struct fetch {
	struct transfer_pool *pool;
	const struct fetch_settings *settings;
	const atomic_bool *stop;
	struct retry_policy policy;
	struct queued_request *first, **last; /* waiting for a slot */
	size_t waiting;
	size_t running; /* requests that have a slot */
	size_t allowed; /* that may have one; grows with each that ends */
	size_t parallel;
	struct slot slots[];
};

struct fetch *fetch_new(
	const struct fetch_settings *settings, size_t parallel, const atomic_bool *stop)
{
	size_t size_bytes = sizeof(struct fetch) + parallel * sizeof(struct slot);
	struct fetch *fetch = must_realloc(NULL, 1, size_bytes);

	memset(fetch, 0, size_bytes);
	fetch->pool = curl_transfer_pool_new(parallel);
	fetch->settings = settings;
	fetch->stop = stop;
	fetch->policy = retry_policy_default;
	if (settings->attempts)
		fetch->policy.attempts = settings->attempts;
	fetch->last = &fetch->first;
	fetch->parallel = parallel;
	fetch->allowed = 1;
	return fetch;
}

static void free_request(struct queued_request *queued)
{
	free((char *)queued->request.url);
	free(queued);
}

static struct queued_request *take_request(struct fetch *fetch)
{
	struct queued_request *queued = fetch->first;

	if (!queued)
		return NULL;
	fetch->first = queued->next;
	if (!fetch->first)
		fetch->last = &fetch->first;
	fetch->waiting--;
	return queued;
}

static void release_slot(struct fetch *fetch, struct slot *slot)
{
	if (slot->transfer.easy)
		curl_transfer_cancel(fetch->pool, &slot->transfer);
	free_request(slot->queued);
	free(slot->url);
	*slot = (struct slot){ 0 };
	fetch->running--;
}

void fetch_free(struct fetch **fetch)
{
	struct queued_request *queued;

	if (!*fetch)
		return;
	while ((queued = take_request(*fetch)))
		free_request(queued);
	for (size_t i = 0; i < (*fetch)->parallel; i++)
		if ((*fetch)->slots[i].queued)
			release_slot(*fetch, &(*fetch)->slots[i]);
	curl_transfer_pool_free(&(*fetch)->pool);
	free(*fetch);
	*fetch = NULL;
}

void fetch_add(struct fetch *fetch, const struct fetch_request *request)
{
	struct queued_request *queued = must_realloc(NULL, 1, sizeof(*queued));

	*queued = (struct queued_request){ .request = *request };
	queued->request.url = url_of_path(request->url);
	*fetch->last = queued;
	fetch->last = &queued->next;
	fetch->waiting++;
}

bool fetch_starts_next(const struct fetch *fetch)
{
	size_t before = fetch->running + fetch->waiting;

	return before < fetch->allowed && before < fetch->parallel;
}

static void begin_attempt(struct fetch *fetch, struct slot *slot)
{
	slot->before_bytes = slot->transfer.resume.got_bytes;
	slot->transfer.url = slot->url;
	curl_transfer_begin(fetch->pool, &slot->transfer);
}

static void start_request(struct fetch *fetch, struct slot *slot, struct queued_request *queued)
{
	const struct fetch_request *request = &queued->request;

	*slot = (struct slot){
		.queued = queued,
		.url = url_of_path(request->url),
		.transfer = {
			.settings = fetch->settings,
			.stop = fetch->stop,
			.body = request->body,
			.token = request->token,
			.pauses = request->pauses,
			.deadline_ms = request->deadline_ms,
			.piece = request->piece,
			.userdata = request->userdata,
		},
	};
	fetch->running++;
	begin_attempt(fetch, slot);
}

/* Releases the slot before it calls done, which may add requests. */
static void report_end(struct fetch *fetch, struct slot *slot)
{
	const struct fetch_request request = slot->queued->request;
	struct error err = slot->transfer.err;
	int r = slot->transfer.result;

	if (r != -ETIMEDOUT)
		fetch->allowed++;
	release_slot(fetch, slot);
	request.done(request.done_userdata, r, &err);
}

/* Adds the URL to the sentence and removes passwords from it. */
static void add_url(struct slot *slot)
{
	AUTO_FREE char *shown = url_shown(slot->queued->request.url);
	struct curl_transfer *transfer = &slot->transfer;

	url_hide_credentials(transfer->err.text);
	error_wrap(&transfer->err, "%s%s", transfer->refused ? "" : "fetch ", shown);
}

static uint32_t make_jitter(void)
{
	uint32_t jitter;

	if (getrandom(&jitter, sizeof(jitter), GRND_NONBLOCK) != (ssize_t)sizeof(jitter))
		jitter = (uint32_t)clock_now_ms();
	return jitter;
}

/* Sets the time of the next attempt; false if there is none. */
static bool schedule_retry(struct fetch *fetch, struct slot *slot)
{
	struct curl_transfer *transfer = &slot->transfer;
	int64_t delay_ms;

	if (transfer->resume.got_bytes - slot->before_bytes >= PROGRESS_BYTES)
		slot->failures = 0;
	slot->failures++;
	delay_ms = retry_delay_ms(
		&fetch->policy, slot->failures, transfer->retry_after_ms, make_jitter());
	slot->begin_at_ms = clock_now_ms() + delay_ms;
	if (delay_ms < 0 || (transfer->deadline_ms && slot->begin_at_ms >= transfer->deadline_ms)) {
		text_append(transfer->err.text, sizeof(transfer->err.text),
			"; given up after %u attempts", slot->failures);
		return false;
	}
	log_line("%s; again in %lld ms", transfer->err.text, (long long)delay_ms);
	return true;
}

/* Makes the target of a redirect the URL of the next attempt. */
static int follow_redirect(struct slot *slot)
{
	AUTO_FREE char *location = slot->transfer.location;
	struct error *err = &slot->transfer.err;
	int r;

	slot->transfer.location = NULL;
	if (slot->transfer.body)
		return error_set_code(err, EXIT_FETCH, -EPERM, "the server redirects a POST");
	if (++slot->redirects > REDIRECTS_MAX)
		return error_set_code(
			err, EXIT_FETCH, -ELOOP, "there are more than %d redirects", REDIRECTS_MAX);
	r = url_check_redirect(slot->url, location, err);
	if (r < 0)
		return r;
	free(slot->url);
	slot->url = location;
	location = NULL;
	return 0;
}

/* Handles the end of an attempt: follows a redirect, schedules a retry, or ends the request. */
static void end_attempt(struct fetch *fetch, struct slot *slot)
{
	struct curl_transfer *transfer = &slot->transfer;

	if (transfer->location) {
		transfer->result = follow_redirect(slot);
		if (transfer->result == 0) {
			begin_attempt(fetch, slot);
			return;
		}
	}
	if (transfer->result < 0) {
		add_url(slot);
		if (transfer->is_transient && schedule_retry(fetch, slot))
			return;
		if (transfer->is_transient)
			transfer->result = -ETIMEDOUT;
	}
	report_end(fetch, slot);
}

/* Whether the next request may start. Their number doubles with each round trip. So an HTTP/2
 * connection exists before the other requests, the queue of a small server's new connections does
 * not overflow, and a server that does not answer is asked by one request. A paused one may wait
 * for others. */
static bool may_start(const struct fetch *fetch)
{
	return fetch->first && (fetch->running < fetch->allowed || fetch->first->request.pauses);
}

/* Begins the attempts whose time has come. Returns the time of the next one. */
static int64_t begin_ready(struct fetch *fetch)
{
	int64_t now_ms = clock_now_ms(), next_ms = INT64_MAX;

	for (size_t i = 0; i < fetch->parallel; i++) {
		struct slot *slot = &fetch->slots[i];

		if (!slot->queued && may_start(fetch))
			start_request(fetch, slot, take_request(fetch));
		if (!slot->queued || slot->transfer.easy)
			continue;
		if (slot->begin_at_ms <= now_ms)
			begin_attempt(fetch, slot);
		else if (slot->begin_at_ms < next_ms)
			next_ms = slot->begin_at_ms;
	}
	return next_ms;
}

/* Ends the requests of which no attempt is running. */
static void cancel_waiting(struct fetch *fetch)
{
	struct error err;
	struct queued_request *queued;

	error_set_code(&err, EXIT_FETCH, -ECANCELED, "it was stopped");
	for (size_t i = 0; i < fetch->parallel; i++) {
		struct slot *slot = &fetch->slots[i];

		if (!slot->queued || slot->transfer.easy)
			continue;
		slot->transfer.result = -ECANCELED;
		slot->transfer.err = err;
		report_end(fetch, slot);
	}
	while ((queued = take_request(fetch))) {
		queued->request.done(queued->request.done_userdata, -ECANCELED, &err);
		free_request(queued);
	}
}

static bool is_any_left(const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->parallel; i++)
		if (fetch->slots[i].queued)
			return true;
	return fetch->first != NULL;
}

static struct slot *slot_of(struct curl_transfer *transfer)
{
	return (struct slot *)((char *)transfer - offsetof(struct slot, transfer));
}

bool fetch_step(struct fetch *fetch, int wait_ms)
{
	struct curl_transfer *transfer;
	int64_t next_ms;

	if (fetch->stop && atomic_load(fetch->stop))
		cancel_waiting(fetch);
	next_ms = begin_ready(fetch) - clock_now_ms();
	if (next_ms < wait_ms)
		wait_ms = next_ms > 0 ? (int)next_ms : 0;
	transfer = curl_transfer_step(fetch->pool, wait_ms);
	if (transfer)
		end_attempt(fetch, slot_of(transfer));
	return is_any_left(fetch);
}

void fetch_wake(struct fetch *fetch)
{
	curl_transfer_wake(fetch->pool);
}

/* The end of the request of fetch_one. */
struct single_result {
	int result;
	struct error *err;
};

static void save_result(void *userdata, int r, struct error *err)
{
	struct single_result *single = userdata;

	single->result = r;
	if (r < 0)
		*single->err = *err;
}

int fetch_one(struct fetch *fetch, const struct fetch_request *request, struct error *err)
{
	struct single_result single = { .err = err };
	struct fetch_request copied = *request;

	copied.done = save_result;
	copied.done_userdata = &single;
	fetch_add(fetch, &copied);
	while (fetch_step(fetch, WAIT_MS))
		;
	return single.result;
}

int fetch_stream(struct fetch *fetch, const char *url, fetch_piece_fn *piece, void *userdata,
	struct error *err)
{
	const struct fetch_request request = {
		.url = url,
		.piece = piece,
		.userdata = userdata,
	};

	return fetch_one(fetch, &request, err);
}
