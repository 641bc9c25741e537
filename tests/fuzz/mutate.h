/* SPDX-License-Identifier: MIT */
/*
 * mutate — mutations that keep the structure of an input (libFuzzer,
 * docs/StructureAwareFuzzing.md).
 *
 * A change of single bytes breaks a counted string or a checksum at once, and the parser ends at
 * its first check. A target that includes this file defines LLVMFuzzerCustomMutator by one of two
 * macros. FUZZ_MUTATE_ITEMS changes whole items of the input, or the content of one, and writes
 * their frames again. FUZZ_MUTATE_AND_REPAIR changes bytes, and a function of the target corrects
 * what depends on them. One mutation of four stays as libFuzzer makes it: broken frames are inputs,
 * too.
 */
#pragma once

#include "fuzz.h"

#define FUZZ_ITEMS_MAX	 256
#define FUZZ_INPUT_BYTES ((size_t)1024 * 1024)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size_bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(
	uint8_t *data, size_t size_bytes, size_t max_bytes, unsigned int seed);

/* The content of an item, without its frame. */
struct fuzz_item {
	const uint8_t *data;
	size_t size_bytes;
};

/* How an input is a sequence of items. */
struct fuzz_format {
	/* Takes the item at *data and advances beyond it; 0 where none begins. */
	int (*take)(const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret);
	/* Writes an item with its frame and returns their size; 0 if there is no room. */
	size_t (*put)(const struct fuzz_item *item, uint8_t *ret, size_t room_bytes);
};

struct fuzz_items {
	struct fuzz_item list[FUZZ_ITEMS_MAX + 1];
	size_t count;
	struct fuzz_item rest; /* what follows the last item */
};

static inline void fuzz_split(const struct fuzz_format *format, const uint8_t *data,
	size_t size_bytes, struct fuzz_items *ret)
{
	ret->count = 0;
	while (ret->count < FUZZ_ITEMS_MAX && size_bytes > 0 &&
		format->take(&data, &size_bytes, &ret->list[ret->count]))
		ret->count++;
	ret->rest = (struct fuzz_item){ data, size_bytes };
}

static inline size_t fuzz_join(const struct fuzz_format *format, const struct fuzz_items *items,
	uint8_t *ret, size_t max_bytes)
{
	size_t used = 0, rest_bytes = items->rest.size_bytes;

	for (size_t i = 0; i < items->count; i++)
		used += format->put(&items->list[i], ret + used, max_bytes - used);
	if (rest_bytes > max_bytes - used)
		rest_bytes = max_bytes - used;
	if (rest_bytes)
		memcpy(ret + used, items->rest.data, rest_bytes);
	return used + rest_bytes;
}

/* Replaces the content of an item by a mutation of it, which lies in scratch. */
static inline void fuzz_mutate_item(struct fuzz_item *item, uint8_t *scratch, size_t room_bytes)
{
	size_t size_bytes = item->size_bytes < room_bytes ? item->size_bytes : room_bytes;

	if (size_bytes)
		memcpy(scratch, item->data, size_bytes);
	item->size_bytes = LLVMFuzzerMutate(scratch, size_bytes, room_bytes);
	item->data = scratch;
}

/* Removes, repeats, exchanges or changes one item. */
static inline void fuzz_change(
	struct fuzz_items *items, uint64_t state, uint8_t *scratch, size_t room_bytes)
{
	size_t at = (size_t)(state >> 8) % items->count,
	       other = (size_t)(state >> 24) % items->count;
	struct fuzz_item kept = items->list[at];

	switch (state % 6) {
	case 0:
		memmove(&items->list[at], &items->list[at + 1],
			(--items->count - at) * sizeof(kept));
		break;
	case 1:
		memmove(&items->list[other + 1], &items->list[other],
			(items->count++ - other) * sizeof(kept));
		items->list[other] = kept;
		break;
	case 2:
		items->list[at] = items->list[other];
		items->list[other] = kept;
		break;
	default:
		fuzz_mutate_item(&items->list[at], scratch, room_bytes);
	}
}

static inline size_t fuzz_mutate_items(const struct fuzz_format *format, uint8_t *data,
	size_t size_bytes, size_t max_bytes, unsigned int seed)
{
	static uint8_t before[FUZZ_INPUT_BYTES], scratch[FUZZ_INPUT_BYTES];
	static struct fuzz_items items;

	if (seed % 4 == 0 || size_bytes == 0 || max_bytes > FUZZ_INPUT_BYTES)
		return LLVMFuzzerMutate(data, size_bytes, max_bytes);
	memcpy(before, data, size_bytes);
	fuzz_split(format, before, size_bytes, &items);
	if (items.count == 0)
		return LLVMFuzzerMutate(data, size_bytes, max_bytes);
	fuzz_change(&items, fuzz_hash(0, &seed, sizeof(seed)), scratch, max_bytes);
	return fuzz_join(format, &items, data, max_bytes);
}

#define FUZZ_MUTATE_ITEMS(format)                                                                  \
	size_t LLVMFuzzerCustomMutator(                                                            \
		uint8_t *data, size_t size_bytes, size_t max_bytes, unsigned int seed)             \
	{                                                                                          \
		return fuzz_mutate_items(&(format), data, size_bytes, max_bytes, seed);            \
	}                                                                                          \
	_Static_assert(1, "a semicolon follows")

/* repair(data, size_bytes) changes data in place. */
#define FUZZ_MUTATE_AND_REPAIR(repair)                                                             \
	size_t LLVMFuzzerCustomMutator(                                                            \
		uint8_t *data, size_t size_bytes, size_t max_bytes, unsigned int seed)             \
	{                                                                                          \
		size_bytes = LLVMFuzzerMutate(data, size_bytes, max_bytes);                        \
		if (seed % 4)                                                                      \
			repair(data, size_bytes);                                                  \
		return size_bytes;                                                                 \
	}                                                                                          \
	_Static_assert(1, "a semicolon follows")

/* Items that end with a byte, such as lines; the last one may lack it. */
static inline int fuzz_take_until(
	uint8_t end, const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret)
{
	const uint8_t *found = memchr(*data, end, *size_bytes);
	size_t used = found ? (size_t)(found - *data) + 1 : *size_bytes;

	*ret = (struct fuzz_item){ *data, found ? used - 1 : used };
	*data += used;
	*size_bytes -= used;
	return 1;
}

static inline size_t fuzz_put_and_end(
	uint8_t end, const struct fuzz_item *item, uint8_t *ret, size_t room_bytes)
{
	if (item->size_bytes >= room_bytes)
		return 0;
	if (item->size_bytes)
		memcpy(ret, item->data, item->size_bytes);
	ret[item->size_bytes] = end;
	return item->size_bytes + 1;
}

static inline int fuzz_take_line(const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret)
{
	return fuzz_take_until('\n', data, size_bytes, ret);
}

static inline size_t fuzz_put_line(const struct fuzz_item *item, uint8_t *ret, size_t room_bytes)
{
	return fuzz_put_and_end('\n', item, ret, room_bytes);
}

static inline int fuzz_take_string(const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret)
{
	return fuzz_take_until('\0', data, size_bytes, ret);
}

static inline size_t fuzz_put_string(const struct fuzz_item *item, uint8_t *ret, size_t room_bytes)
{
	return fuzz_put_and_end('\0', item, ret, room_bytes);
}

#define FUZZ_LINES   ((const struct fuzz_format){ fuzz_take_line, fuzz_put_line })
#define FUZZ_STRINGS ((const struct fuzz_format){ fuzz_take_string, fuzz_put_string })
