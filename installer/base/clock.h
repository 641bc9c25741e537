/* SPDX-License-Identifier: MIT */
/*
 * clock — monotonic time for deadlines and durations; setting the date does not change it.
 */
#pragma once

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC (clock_gettime(2)); on our own machine that is since its start.
 */
int64_t clock_now_ms(void);
