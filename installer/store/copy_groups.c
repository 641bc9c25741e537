/* SPDX-License-Identifier: MIT */
#include "store/copy_groups.h"

#include <stdlib.h>

#include "base/cleanup.h"

#define PATH_BYTES (64 * 1024) /* a path costs about as much time as so many bytes */

static uint64_t weight(const struct closure *closure, size_t path)
{
	return closure->paths[path].info.nar_bytes + PATH_BYTES;
}

static int compare_sizes(const void *a, const void *b, void *closure)
{
	size_t path_a = *(const size_t *)a, path_b = *(const size_t *)b;
	uint64_t size_a = weight(closure, path_a), size_b = weight(closure, path_b);

	if (size_a != size_b)
		return size_a > size_b ? -1 : 1;
	return path_a < path_b ? -1 : 1;
}

static uint8_t find_least(const struct copy_groups *groups)
{
	size_t least = 0;

	for (size_t i = 1; i < groups->group_count; i++)
		if (groups->bytes[i] < groups->bytes[least])
			least = i;
	return (uint8_t)least;
}

/* The moment at which a path begins, in bytes that its worker has copied before. */
struct beginning {
	uint64_t at_bytes;
	size_t worker, path;
};

static int compare_beginnings(const void *a, const void *b)
{
	const struct beginning *x = a, *y = b;

	if (x->at_bytes != y->at_bytes)
		return x->at_bytes < y->at_bytes ? -1 : 1;
	return x->worker < y->worker ? -1 : 1;
}

/* Orders the paths by their beginnings; they are ordered by size. */
static void order_by_beginning(const struct closure *closure, struct copy_groups *groups)
{
	AUTO_FREE struct beginning *list = must_realloc(NULL, closure->count, sizeof(*list));
	uint64_t at_bytes[COPY_GROUPS_MAX] = { 0 };
	size_t count = 0;

	for (size_t group = 0; group < groups->group_count; group++) {
		size_t worker = group % groups->worker_count;

		for (size_t i = 0; i < closure->count; i++) {
			size_t path = groups->order[i];

			if (groups->groups[path] != group)
				continue;
			list[count++] = (struct beginning){ at_bytes[worker], worker, path };
			at_bytes[worker] += weight(closure, path);
		}
	}
	qsort(list, count, sizeof(*list), compare_beginnings);
	for (size_t i = 0; i < count; i++)
		groups->order[i] = list[i].path;
}

void copy_groups_make(const struct closure *closure, size_t group_count, size_t worker_count,
	struct copy_groups *ret)
{
	*ret = (struct copy_groups){
		.path_count = closure->count,
		.group_count = group_count,
		.worker_count = worker_count,
		.order = must_realloc(NULL, closure->count, sizeof(*ret->order)),
		.groups = must_realloc(NULL, closure->count, 1),
	};
	for (size_t i = 0; i < closure->count; i++)
		ret->order[i] = i;
	qsort_r(ret->order, closure->count, sizeof(*ret->order), compare_sizes, (void *)closure);
	for (size_t i = 0; i < closure->count; i++) {
		size_t path = ret->order[i];

		ret->groups[path] = find_least(ret);
		ret->bytes[ret->groups[path]] += weight(closure, path);
	}
	order_by_beginning(closure, ret);
}

void copy_groups_free(struct copy_groups *groups)
{
	free(groups->order);
	free(groups->groups);
	*groups = (struct copy_groups){ 0 };
}

size_t copy_groups_find(const struct copy_groups *groups, size_t worker, size_t position)
{
	while (position < groups->path_count &&
		groups->groups[groups->order[position]] % groups->worker_count != worker)
		position++;
	return position;
}
