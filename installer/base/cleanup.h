/* SPDX-License-Identifier: MIT */
/*
 * cleanup — attributes that release memory and descriptors when a scope ends, and an allocation
 * that aborts.
 *
 * For releasing only: calls that commit (close after write, fsync, umount) are made by name, and
 * their results are checked. A process without memory aborts. The supervising parent reports that.
 *
 * Tested by: tests/unit/test_file.c.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define AUTO_FREE     CLEANUP(cleanup_free)
#define AUTO_CLOSE    CLEANUP(cleanup_close)
#define AUTO_FCLOSE   CLEANUP(cleanup_fclose)
#define AUTO_CLOSEDIR CLEANUP(cleanup_closedir)

/* Returns the descriptor and sets the variable to -1. */
static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Never returns NULL. */
static inline void *must_realloc(void *p, size_t count, size_t size_bytes)
{
	void *q = reallocarray(p, count ? count : 1, size_bytes);

	if (!q)
		abort();
	return q;
}
