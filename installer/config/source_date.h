/* SPDX-License-Identifier: MIT */
/*
 * source_date — the time of what an install makes and what has no time of its own, such as the
 * registration of a store path.
 *
 * It is SOURCE_DATE_EPOCH (reproducible-builds.org's specification of that name), else a fixed time
 * if a seed is given, else now.
 *
 * Tested by: tests/unit/test_source_date.c.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

/* 1980-01-01, the first day of FAT's calendar, in seconds since 1970: the time that comes with a
 * seed. */
#define SOURCE_DATE_SEEDED_S 315532800

/* Sets *ret to seconds since 1970, from 1 to INT32_MAX; fails with EXIT_CONFIGURATION. */
int source_date_choose(const struct config *config, int64_t *ret, struct error *err) WARN_UNUSED;
