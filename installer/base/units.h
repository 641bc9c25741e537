/* SPDX-License-Identifier: MIT */
/*
 * units — sizes in bytes.
 *
 * Tested by: tests/unit/test_config.c.
 */
#pragma once

#define MIB (1024ULL * 1024)
#define GIB (1024ULL * MIB)
