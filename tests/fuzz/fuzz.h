/* SPDX-License-Identifier: MIT */
/*
 * fuzz — what the fuzz targets share (libFuzzer, https://llvm.org/docs/LibFuzzer.html).
 *
 * A target feeds one module and holds what comes out against what the module's header promises:
 * breaking a promise is a crash like any other.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

#define promised(condition)                                                                        \
	((condition) ? (void)0 : fuzz_broken_promise(__FILE__, __LINE__, #condition))

static inline _Noreturn void fuzz_broken_promise(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: not as promised: %s\n", file, line, condition);
	abort();
}

/* The input as a text with a NUL at its end, in memory of exactly that size. */
static inline char *fuzz_text(const uint8_t *data, size_t size_bytes)
{
	char *text = must_realloc(NULL, size_bytes + 1, 1);

	memcpy(text, data, size_bytes);
	text[size_bytes] = '\0';
	return text;
}

/* An error that was not set yet, and whether a sentence was set. */
#define FUZZ_NO_ERROR ((struct error){ .code = -1 })

static inline int fuzz_error_is_set(const struct error *err)
{
	return err->code != -1 && err->text[0] && memchr(err->text, '\0', sizeof(err->text));
}

/* FNV-1a, to compare what came out and to choose what the input does not say. */
static inline uint64_t fuzz_hash(uint64_t hash, const void *data, size_t size_bytes)
{
	const uint8_t *bytes = data;

	if (hash == 0)
		hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < size_bytes; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return hash;
}

/* The size of the next piece of what is left, different for every state; never 0. */
static inline size_t fuzz_piece(uint64_t *state, size_t left_bytes)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	size_t piece = 1 + (size_t)(*state >> 33) % 40;

	return piece < left_bytes ? piece : left_bytes;
}
