/* SPDX-License-Identifier: MIT */
/*
 * clock — the time for deadlines and durations. Setting the date does not change it.
 *
 * Tested by: tests/unit/test_line_writer.c.
 */
#pragma once

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC (clock_gettime(2)); in the lean ISO that is since boot.
 */
int64_t clock_now_ms(void);
