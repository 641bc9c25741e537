/* SPDX-License-Identifier: MIT */
/*
 * async_writer — large pieces on their way to a disk, written behind the back of whoever makes them.
 *
 * A fixed number of buffers goes round; who takes one waits until one has been written. The order
 * in which they reach the disk is nobody's promise.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define WRITER_BUFFER_BYTES ((size_t)512 * 1024)

struct writer;

/* Writes to fd, which outlives it; `makers` is how many buffers may be taken at the same time. With
 * direct I/O the buffers are aligned for it; without, each is sent to the disk at once, so that
 * not all of them wait for the last sync. */
int async_writer_new(struct writer **ret, int fd, size_t makers, struct error *err) WARN_UNUSED;

/* An empty buffer of WRITER_BUFFER_BYTES; what went wrong with one given back before is told here.
 * Thread-safe, as the next. */
int async_writer_take(struct writer *writer, uint8_t **ret, struct error *err) WARN_UNUSED;

/* Gives a buffer back, to be written at that place; nothing is written if size_bytes is 0. */
void async_writer_give(
	struct writer *writer, uint8_t *buffer, uint64_t at_bytes, size_t size_bytes);

/* Waits until all that was given has been handed to the disk. */
int async_writer_drain(struct writer *writer, struct error *err) WARN_UNUSED;

/* What was given and is not written yet is dropped. */
void async_writer_free(struct writer **writer);
