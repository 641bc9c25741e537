/* SPDX-License-Identifier: MIT */
/*
 * clock — the time for deadlines and durations: it never jumps, whoever sets the date.
 */
#pragma once

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC (clock_gettime(2)); on our own machine that is since its start.
 */
int64_t clock_now_ms(void);
