/* SPDX-License-Identifier: MIT */
#include "nix/closure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "nix/store_path.h"

#define SLOTS_START 64

static const char *base_name(const struct closure *closure, size_t index)
{
	return store_path_base_name(closure->paths[index].info.store_path);
}

/* The slot of this base name, or the free slot where it belongs. The author of a cache may
 * choose the hashes in its names, so the whole name is hashed (FNV-1a). */
static uint32_t *find_slot(const struct closure *closure, const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	size_t at;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
	at = (size_t)(hash ^ hash >> 32) & (closure->slot_count - 1);
	while (closure->slots[at] && strcmp(base_name(closure, closure->slots[at] - 1), name) != 0)
		at = (at + 1) & (closure->slot_count - 1);
	return &closure->slots[at];
}

static void grow_slots(struct closure *closure)
{
	closure->slot_count = closure->slot_count ? 2 * closure->slot_count : SLOTS_START;
	free(closure->slots);
	closure->slots = must_realloc(NULL, closure->slot_count, sizeof(*closure->slots));
	memset(closure->slots, 0, closure->slot_count * sizeof(*closure->slots));
	for (size_t i = 0; i < closure->count; i++)
		*find_slot(closure, base_name(closure, i)) = (uint32_t)i + 1;
}

ssize_t closure_find(const struct closure *closure, const char *path_or_base_name)
{
	const char *name = path_or_base_name;

	if (strncmp(name, STORE_DIR "/", strlen(STORE_DIR "/")) == 0)
		name = store_path_base_name(name);
	return closure->slot_count ? (ssize_t)*find_slot(closure, name) - 1 : -1;
}

void closure_free(struct closure *closure)
{
	for (size_t i = 0; i < closure->count; i++) {
		narinfo_free(&closure->paths[i].info);
		free(closure->paths[i].other_text);
	}
	free(closure->paths);
	free(closure->slots);
	memset(closure, 0, sizeof(*closure));
}

int closure_add(struct closure *closure, const char *name)
{
	uint32_t *slot;

	if (2 * (closure->count + 1) > closure->slot_count)
		grow_slots(closure);
	slot = find_slot(closure, name);
	if (*slot)
		return 0;
	if (closure->count == CLOSURE_PATHS_MAX)
		return -E2BIG;
	if (closure->count == closure->capacity) {
		closure->capacity = closure->capacity ? 2 * closure->capacity : SLOTS_START;
		closure->paths = must_realloc(
			closure->paths, closure->capacity, sizeof(*closure->paths));
	}
	closure->paths[closure->count] = (struct closure_path){ 0 };
	snprintf(closure->paths[closure->count].info.store_path,
		sizeof(closure->paths[0].info.store_path), STORE_DIR "/%s", name);
	*slot = (uint32_t)++closure->count;
	return 1;
}
