/* SPDX-License-Identifier: MIT */
#include "ext4/async_writer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/thread.h"

#define THREADS		2
#define BUFFERS_WAITING 4 /* submitted at a time, besides those being filled */
#define ALIGNMENT	4096

struct write_request {
	uint8_t *buffer;
	uint64_t at_bytes;
	size_t size_bytes;
};

struct async_writer {
	int fd;
	pthread_t threads[THREADS];
	size_t thread_count;
	uint8_t *memory;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	uint8_t **empty; /* a stack */
	size_t empty_count;
	struct write_request *waiting; /* a ring of buffer_count */
	size_t buffer_count;
	size_t given, written; /* requests in total */
	size_t started;
	bool ended;
	int result; /* of the first error */
	struct error err;
};

/* Starts writeback at once, so that the disk is busy from the first buffer on. */
static int write_buffer(int fd, const struct write_request *request, struct error *err)
{
	int r = file_write_at(fd, request->buffer, request->size_bytes, request->at_bytes);

	if (r < 0)
		return error_errno(err, r, "write to the disk");
	sync_file_range(
		fd, (off_t)request->at_bytes, (off_t)request->size_bytes, SYNC_FILE_RANGE_WRITE);
	return 0;
}

/* The next request; false at the end. The lock is held. */
static bool next_request(struct async_writer *writer, struct write_request *ret)
{
	while (writer->started == writer->given && !writer->ended)
		pthread_cond_wait(&writer->changed, &writer->lock);
	if (writer->started == writer->given)
		return false;
	*ret = writer->waiting[writer->started++ % writer->buffer_count];
	return true;
}

static void *write_requests(void *userdata)
{
	struct async_writer *writer = userdata;
	struct write_request request;

	pthread_mutex_lock(&writer->lock);
	while (next_request(writer, &request)) {
		struct error err = { 0 };
		int r = writer->result;

		if (r == 0 && !writer->ended) {
			pthread_mutex_unlock(&writer->lock);
			r = write_buffer(writer->fd, &request, &err);
			pthread_mutex_lock(&writer->lock);
		}
		if (r < 0 && writer->result == 0) {
			writer->result = r;
			writer->err = err;
		}
		writer->empty[writer->empty_count++] = request.buffer;
		writer->written++;
		pthread_cond_broadcast(&writer->changed);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

static void allocate(struct async_writer *writer)
{
	writer->memory = aligned_alloc(ALIGNMENT, writer->buffer_count * WRITER_BUFFER_BYTES);
	if (!writer->memory)
		abort();
	writer->empty = must_realloc(NULL, writer->buffer_count, sizeof(*writer->empty));
	writer->waiting = must_realloc(NULL, writer->buffer_count, sizeof(*writer->waiting));
	for (size_t i = 0; i < writer->buffer_count; i++)
		writer->empty[writer->empty_count++] = writer->memory + i * WRITER_BUFFER_BYTES;
}

int async_writer_new(struct async_writer **ret, int fd, size_t writers, struct error *err)
{
	struct async_writer *writer = must_realloc(NULL, 1, sizeof(*writer));
	int r = 0;

	*writer = (struct async_writer){ .fd = fd, .buffer_count = writers + BUFFERS_WAITING };
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->changed, NULL);
	allocate(writer);
	while (r == 0 && writer->thread_count < THREADS) {
		r = thread_start(&writer->threads[writer->thread_count], write_requests, writer);
		writer->thread_count += r == 0;
	}
	if (r < 0) {
		async_writer_free(&writer);
		return error_errno(err, r, "start a thread");
	}
	*ret = writer;
	return 0;
}

void async_writer_free(struct async_writer **freed)
{
	struct async_writer *writer = *freed;

	if (!writer)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->ended = true;
	pthread_cond_broadcast(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
	for (size_t i = 0; i < writer->thread_count; i++)
		pthread_join(writer->threads[i], NULL);
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->lock);
	free(writer->memory);
	free(writer->empty);
	free(writer->waiting);
	free(writer);
	*freed = NULL;
}

/* The result so far. The lock is held. */
static int writer_result(const struct async_writer *writer, struct error *err)
{
	if (writer->result < 0)
		*err = writer->err;
	return writer->result;
}

int async_writer_take(struct async_writer *writer, uint8_t **ret, struct error *err)
{
	int r;

	pthread_mutex_lock(&writer->lock);
	while (writer->result == 0 && writer->empty_count == 0)
		pthread_cond_wait(&writer->changed, &writer->lock);
	r = writer_result(writer, err);
	if (r == 0)
		*ret = writer->empty[--writer->empty_count];
	pthread_mutex_unlock(&writer->lock);
	return r;
}

void async_writer_give(
	struct async_writer *writer, uint8_t *buffer, uint64_t at_bytes, size_t size_bytes)
{
	pthread_mutex_lock(&writer->lock);
	if (size_bytes == 0)
		writer->empty[writer->empty_count++] = buffer;
	else
		writer->waiting[writer->given++ % writer->buffer_count] =
			(struct write_request){ buffer, at_bytes, size_bytes };
	pthread_cond_broadcast(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
}

int async_writer_drain(struct async_writer *writer, struct error *err)
{
	int r;

	pthread_mutex_lock(&writer->lock);
	while (writer->written < writer->given)
		pthread_cond_wait(&writer->changed, &writer->lock);
	r = writer_result(writer, err);
	pthread_mutex_unlock(&writer->lock);
	return r;
}
