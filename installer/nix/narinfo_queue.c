/* SPDX-License-Identifier: MIT */
#include "nix/narinfo_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "net/url.h"

#define THREADS_MAX 4

struct narinfo_queue {
	const struct cache_trust *trust;
	struct fetch *fetch; /* NULL if it need not be woken */
	const atomic_bool *stop;
	pthread_t threads[THREADS_MAX];
	size_t thread_count;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct narinfo_request *first, **end; /* not taken yet */
	struct narinfo_request *next;	      /* not begun yet; NULL if none */
	bool ended;
};

/* -------------------------------------------------------- one narinfo */

/* The path of a URL of a file; NULL if it is another URL, or one with quoted characters. */
static const char *plain_file_path(const char *url)
{
	const char *path = url_file_path(url);

	return path && !strchr(path, '%') ? path : NULL;
}

bool narinfo_queue_reads(const char *cache)
{
	return plain_file_path(cache) != NULL;
}

/* Reads all of a regular file that is not larger than the limit: 0, -ENOENT, or another errno. */
static int read_narinfo_file(const char *path, struct download *document, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	uint8_t piece[4096];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		int r = download_add(document, piece, (size_t)n, err);

		if (r < 0)
			return r;
	}
	return n < 0 ? -errno : 0;
}

static int read_from_cache(struct narinfo_request *request)
{
	AUTO_FREE char *url = cache_narinfo_url(request->cache, request->store_path);
	const char *path = plain_file_path(url);
	int r = path ? read_narinfo_file(path, &request->document, &request->err) : -EINVAL;

	request->unread = r < 0 && r != -ENOENT;
	return r;
}

static void run_request(const struct narinfo_queue *queue, struct narinfo_request *request)
{
	int r = 0;

	if (atomic_load(queue->stop))
		r = error_set(&request->err, -ECANCELED, "the traversal was stopped");
	if (r == 0 && request->is_file)
		r = read_from_cache(request);
	if (r == 0)
		r = cache_read_narinfo(request->cache, request->store_path, &request->document,
			queue->trust, &request->info, &request->err);
	request->result = r;
}

/* -------------------------------------------------------- the threads */

/* Runs the next request. The lock is held, but not meanwhile. */
static void run_next(struct narinfo_queue *queue)
{
	struct narinfo_request *request = queue->next;

	queue->next = request->next;
	pthread_mutex_unlock(&queue->lock);
	run_request(queue, request);
	pthread_mutex_lock(&queue->lock);
	request->done = true;
	pthread_cond_broadcast(&queue->changed);
}

static void *verify_narinfos(void *userdata)
{
	struct narinfo_queue *queue = userdata;

	pthread_mutex_lock(&queue->lock);
	while (!queue->ended) {
		if (!queue->next) {
			pthread_cond_wait(&queue->changed, &queue->lock);
			continue;
		}
		run_next(queue);
		if (queue->fetch)
			fetch_wake(queue->fetch);
	}
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/* The calling thread works as well, unless it waits for a server. */
static size_t choose_thread_count(const struct fetch *fetch)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	long threads = fetch ? processors : processors - 1;

	return threads < 1 ? 0 : threads > THREADS_MAX ? THREADS_MAX : (size_t)threads;
}

/* With fewer threads, or none, it only takes longer. */
struct narinfo_queue *narinfo_queue_new(
	const struct cache_trust *trust, struct fetch *fetch, const atomic_bool *stop)
{
	struct narinfo_queue *queue = must_realloc(NULL, 1, sizeof(*queue));
	size_t thread_count = choose_thread_count(fetch);

	*queue = (struct narinfo_queue){ .trust = trust, .fetch = fetch, .stop = stop };
	queue->end = &queue->first;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	while (queue->thread_count < thread_count &&
		thread_start(&queue->threads[queue->thread_count], verify_narinfos, queue) == 0)
		queue->thread_count++;
	return queue;
}

void narinfo_queue_free(struct narinfo_queue **freed)
{
	struct narinfo_queue *queue = *freed;

	if (!queue)
		return;
	pthread_mutex_lock(&queue->lock);
	queue->ended = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	for (size_t i = 0; i < queue->thread_count; i++)
		pthread_join(queue->threads[i], NULL);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
	*freed = NULL;
}

void narinfo_queue_add(struct narinfo_queue *queue, struct narinfo_request *request)
{
	request->err = (struct error){ 0 };
	request->unread = false;
	request->done = false;
	request->next = NULL;
	pthread_mutex_lock(&queue->lock);
	*queue->end = request;
	queue->end = &request->next;
	if (!queue->next)
		queue->next = request;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

struct narinfo_request *narinfo_queue_take(struct narinfo_queue *queue, bool wait)
{
	struct narinfo_request *request;

	pthread_mutex_lock(&queue->lock);
	request = queue->first;
	while (request && !request->done && (wait || queue->thread_count == 0)) {
		if (queue->next)
			run_next(queue);
		else
			pthread_cond_wait(&queue->changed, &queue->lock);
	}
	if (request && !request->done)
		request = NULL;
	if (request) {
		queue->first = request->next;
		if (!queue->first)
			queue->end = &queue->first;
	}
	pthread_mutex_unlock(&queue->lock);
	return request;
}
