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

#define REDIRECTS_MAX 10
#define WAIT_MS	      250 /* how soon a stop is noticed */

struct request {
	struct request *next;
	struct fetch_request its; /* with a URL of its own */
};

/* A place in which one request is carried out, and then another one. */
struct place {
	struct request *request; /* NULL: it is free */
	char *url;		 /* where redirects have led */
	unsigned redirects;
	unsigned failures;    /* in a row */
	int64_t before_bytes; /* that there were before this attempt */
	int64_t begin_at_ms;  /* when the next attempt shall begin, while none runs */
	struct curl_transfer transfer;
};

struct fetch {
	struct wire *wire;
	const struct fetch_settings *settings;
	const atomic_bool *stop;
	struct retry_policy policy;
	struct request *first, **last; /* those that wait for a place */
	size_t parallel;
	struct place places[];
};

struct fetch *fetch_new(
	const struct fetch_settings *settings, size_t parallel, const atomic_bool *stop)
{
	size_t size_bytes = sizeof(struct fetch) + parallel * sizeof(struct place);
	struct fetch *fetch = must_realloc(NULL, 1, size_bytes);

	memset(fetch, 0, size_bytes);
	fetch->wire = wire_new(parallel);
	fetch->settings = settings;
	fetch->stop = stop;
	fetch->policy = retry_policy_default;
	if (settings->attempts)
		fetch->policy.attempts = settings->attempts;
	fetch->last = &fetch->first;
	fetch->parallel = parallel;
	return fetch;
}

static void free_request(struct request *request)
{
	free((char *)request->its.url);
	free(request);
}

static struct request *take_request(struct fetch *fetch)
{
	struct request *request = fetch->first;

	if (!request)
		return NULL;
	fetch->first = request->next;
	if (!fetch->first)
		fetch->last = &fetch->first;
	return request;
}

/* The place is free again. */
static void leave(struct fetch *fetch, struct place *place)
{
	if (place->transfer.handle)
		wire_abandon(fetch->wire, &place->transfer);
	free_request(place->request);
	free(place->url);
	*place = (struct place){ 0 };
}

void fetch_free(struct fetch **fetch)
{
	struct request *request;

	if (!*fetch)
		return;
	while ((request = take_request(*fetch)))
		free_request(request);
	for (size_t i = 0; i < (*fetch)->parallel; i++)
		if ((*fetch)->places[i].request)
			leave(*fetch, &(*fetch)->places[i]);
	wire_free(&(*fetch)->wire);
	free(*fetch);
	*fetch = NULL;
}

void fetch_add(struct fetch *fetch, const struct fetch_request *its)
{
	struct request *request = must_realloc(NULL, 1, sizeof(*request));

	*request = (struct request){ .its = *its };
	request->its.url = url_of_path(its->url);
	*fetch->last = request;
	fetch->last = &request->next;
}

static void begin_attempt(struct fetch *fetch, struct place *place)
{
	place->before_bytes = place->transfer.resume.got_bytes;
	place->transfer.url = place->url;
	wire_begin(fetch->wire, &place->transfer);
}

static void occupy(struct fetch *fetch, struct place *place, struct request *request)
{
	*place = (struct place){
		.request = request,
		.url = url_of_path(request->its.url),
		.transfer = {
			.settings = fetch->settings,
			.stop = fetch->stop,
			.body = request->its.body,
			.deadline_ms = request->its.deadline_ms,
			.piece = request->its.piece,
			.userdata = request->its.userdata,
		},
	};
	begin_attempt(fetch, place);
}

/* The place is free before the end is told: who is told may ask for more. */
static void tell_end(struct fetch *fetch, struct place *place)
{
	const struct fetch_request its = place->request->its;
	struct error err = place->transfer.err;
	int r = place->transfer.result;

	leave(fetch, place);
	its.done(its.done_userdata, r, &err);
}

/* Names the URL in the sentence, and keeps passwords out of it. */
static void name_url(struct place *place)
{
	AUTO_FREE char *shown = url_shown(place->request->its.url);
	struct curl_transfer *transfer = &place->transfer;

	url_hide_credentials(transfer->err.text);
	error_wrap(&transfer->err, "%s%s", transfer->refused ? "" : "fetch ", shown);
}

static uint32_t jitter(void)
{
	uint32_t dice;

	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != (ssize_t)sizeof(dice))
		dice = (uint32_t)clock_now_ms();
	return dice;
}

/* Whether there will be another attempt; then its time is set. */
static bool try_again(struct fetch *fetch, struct place *place)
{
	struct curl_transfer *transfer = &place->transfer;
	int64_t delay_ms;

	if (transfer->resume.got_bytes > place->before_bytes)
		place->failures = 0;
	place->failures++;
	delay_ms = retry_delay_ms(&fetch->policy, place->failures, transfer->asked_ms, jitter());
	place->begin_at_ms = clock_now_ms() + delay_ms;
	if (delay_ms < 0 ||
		(transfer->deadline_ms && place->begin_at_ms >= transfer->deadline_ms)) {
		text_append(transfer->err.text, sizeof(transfer->err.text),
			"; given up after %u attempts", place->failures);
		return false;
	}
	log_line("%s; again in %lld ms", transfer->err.text, (long long)delay_ms);
	return true;
}

/* 0 if the next attempt goes where the server sends us. */
static int follow(struct place *place)
{
	AUTO_FREE char *location = place->transfer.location;
	struct error *err = &place->transfer.err;
	int r;

	place->transfer.location = NULL;
	if (place->transfer.body)
		return error_set_code(err, EXIT_FETCH, -EPERM, "the server sends us elsewhere");
	if (++place->redirects > REDIRECTS_MAX)
		return error_set_code(
			err, EXIT_FETCH, -ELOOP, "there are more than %d redirects", REDIRECTS_MAX);
	r = url_check_redirect(place->url, location, err);
	if (r < 0)
		return r;
	free(place->url);
	place->url = location;
	location = NULL;
	return 0;
}

/* An attempt has ended: it is the last one, or not. */
static void end_attempt(struct fetch *fetch, struct place *place)
{
	struct curl_transfer *transfer = &place->transfer;

	if (transfer->location) {
		transfer->result = follow(place);
		if (transfer->result == 0) {
			begin_attempt(fetch, place);
			return;
		}
	}
	if (transfer->result < 0) {
		name_url(place);
		if (transfer->is_transient && try_again(fetch, place))
			return;
		if (transfer->is_transient)
			transfer->result = -ETIMEDOUT;
	}
	tell_end(fetch, place);
}

/* Those that waited for their time or for a place. Until when there is nothing more to begin. */
static int64_t begin_all(struct fetch *fetch)
{
	int64_t now_ms = clock_now_ms(), next_ms = INT64_MAX;

	for (size_t i = 0; i < fetch->parallel; i++) {
		struct place *place = &fetch->places[i];

		if (!place->request && fetch->first)
			occupy(fetch, place, take_request(fetch));
		if (!place->request || place->transfer.handle)
			continue;
		if (place->begin_at_ms <= now_ms)
			begin_attempt(fetch, place);
		else if (place->begin_at_ms < next_ms)
			next_ms = place->begin_at_ms;
	}
	return next_ms;
}

/* None of those goes on that only wait for their time or for a place. */
static void stop_waiting(struct fetch *fetch)
{
	struct error err;
	struct request *request;

	error_set_code(&err, EXIT_FETCH, -ECANCELED, "it was stopped");
	for (size_t i = 0; i < fetch->parallel; i++) {
		struct place *place = &fetch->places[i];

		if (!place->request || place->transfer.handle)
			continue;
		place->transfer.result = -ECANCELED;
		place->transfer.err = err;
		tell_end(fetch, place);
	}
	while ((request = take_request(fetch))) {
		request->its.done(request->its.done_userdata, -ECANCELED, &err);
		free_request(request);
	}
}

static bool is_any_left(const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->parallel; i++)
		if (fetch->places[i].request)
			return true;
	return fetch->first != NULL;
}

static struct place *place_of(struct curl_transfer *transfer)
{
	return (struct place *)((char *)transfer - offsetof(struct place, transfer));
}

bool fetch_step(struct fetch *fetch, int wait_ms)
{
	struct curl_transfer *transfer;
	int64_t next_ms;

	if (fetch->stop && atomic_load(fetch->stop))
		stop_waiting(fetch);
	next_ms = begin_all(fetch) - clock_now_ms();
	if (next_ms < wait_ms)
		wait_ms = next_ms > 0 ? (int)next_ms : 0;
	transfer = wire_step(fetch->wire, wait_ms);
	if (transfer)
		end_attempt(fetch, place_of(transfer));
	return is_any_left(fetch);
}

void fetch_wake(struct fetch *fetch)
{
	wire_wake(fetch->wire);
}

struct one {
	int result;
	struct error *err;
};

static void keep_outcome(void *userdata, int r, struct error *err)
{
	struct one *one = userdata;

	one->result = r;
	if (r < 0)
		*one->err = *err;
}

int fetch_one(struct fetch *fetch, const struct fetch_request *its, struct error *err)
{
	struct fetch_request request = *its;
	struct one one = { .err = err };

	request.done = keep_outcome;
	request.done_userdata = &one;
	fetch_add(fetch, &request);
	while (fetch_step(fetch, WAIT_MS))
		;
	return one.result;
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
