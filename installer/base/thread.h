/* SPDX-License-Identifier: MIT */
/*
 * thread — starts threads with all signals blocked and a stack that suffices for libcurl.
 *
 * Tested by: tests/unit/test_copy.c.
 */
#pragma once

#include <pthread.h>

#include "base/error.h"

/* 0 or a negative errno. The thread blocks all signals; the calling thread handles them. */
int thread_start(pthread_t *ret, void *(*body)(void *), void *userdata) WARN_UNUSED;
