/* SPDX-License-Identifier: MIT */
/*
 * copy_groups — divides the paths of a closure into groups, and the groups among workers.
 *
 * The groups depend on the closure only, and each group is written into an area of its own. So the
 * result of a copy does not depend on the number of workers and on their speed. The order in which
 * the workers read depends on their number. Pure.
 *
 * Tested by: tests/unit/test_copy_groups.c, tests/unit/test_copy_areas.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nix/closure.h"

#define COPY_GROUPS_MAX 4 /* also the most workers that have work */

struct copy_groups {
	size_t path_count;
	size_t group_count, worker_count;
	size_t *order;			 /* indices of the paths, as they are read */
	uint8_t *groups;		 /* of each path, by its index */
	uint64_t bytes[COPY_GROUPS_MAX]; /* of each group, about */
};

/* Each path joins the group that has least, largest paths first. A worker copies the groups whose
 * number leaves its own when divided by worker_count, one after the other, and in each the largest
 * path first. The order of all is that of workers that are equally fast, so none reads far ahead of
 * another. */
void copy_groups_make(const struct closure *closure, size_t group_count, size_t worker_count,
	struct copy_groups *ret);
void copy_groups_free(struct copy_groups *groups);

/* The first position in the order, from this one on, that a worker has to copy; path_count if there
 * is none. */
size_t copy_groups_find(const struct copy_groups *groups, size_t worker, size_t position);
