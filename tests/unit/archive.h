/* SPDX-License-Identifier: MIT */
/*
 * archive — Nix archives made word by word, good ones and bad ones, for the tests.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct archive {
	size_t size_bytes;
	uint8_t bytes[65536];
};

static inline void archive_add_raw(struct archive *archive, const void *data, size_t size_bytes)
{
	if (archive->size_bytes + size_bytes > sizeof(archive->bytes))
		abort();
	memcpy(archive->bytes + archive->size_bytes, data, size_bytes);
	archive->size_bytes += size_bytes;
}

static inline void archive_add_length(struct archive *archive, uint64_t length)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(length >> 8 * i);
	archive_add_raw(archive, bytes, sizeof(bytes));
}

static inline void archive_add_bytes(struct archive *archive, const void *data, size_t size_bytes)
{
	archive_add_length(archive, size_bytes);
	archive_add_raw(archive, data, size_bytes);
	archive_add_raw(archive, "\0\0\0\0\0\0\0", -size_bytes % 8);
}

/* Words separated by blanks; "''" stands for the empty word. */
static inline void archive_add(struct archive *archive, const char *words)
{
	while (*words) {
		size_t length = strcspn(words, " ");

		if (length == 2 && memcmp(words, "''", 2) == 0)
			archive_add_bytes(archive, "", 0);
		else
			archive_add_bytes(archive, words, length);
		words += length;
		words += strspn(words, " ");
	}
}
