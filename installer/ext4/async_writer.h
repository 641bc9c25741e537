/* SPDX-License-Identifier: MIT */
/*
 * async_writer — writes large buffers to a disk in background threads. The write order is
 * unspecified.
 *
 * The number of buffers is fixed: a caller that takes one waits until one has been written.
 *
 * Tested by: tests/unit/test_unpack.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define WRITER_BUFFER_BYTES ((size_t)512 * 1024)

struct async_writer;

/* fd must outlive the writer. writers is the number of buffers that callers may hold at a time.
 * The buffers are aligned for direct I/O; without it, writeback is started for each at once, so
 * that the last sync does not have to write them all. */
int async_writer_new(
	struct async_writer **ret, int fd, size_t writers, struct error *err) WARN_UNUSED;

/* Takes an empty buffer of WRITER_BUFFER_BYTES. Returns the error of an earlier write, if any.
 * Thread-safe. */
int async_writer_take(struct async_writer *writer, uint8_t **ret, struct error *err) WARN_UNUSED;

/* Submits a buffer to be written at at_bytes; 0 bytes only return the buffer. Thread-safe. */
void async_writer_give(
	struct async_writer *writer, uint8_t *buffer, uint64_t at_bytes, size_t size_bytes);

/* Waits until everything submitted has been written to fd. */
int async_writer_drain(struct async_writer *writer, struct error *err) WARN_UNUSED;

/* Drops what was submitted and is not written yet. */
void async_writer_free(struct async_writer **freed);
