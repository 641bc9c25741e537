/* SPDX-License-Identifier: MIT */
#include "base/version.h"

/* The Makefile defines it for this file alone: a new commit compiles one file. */
#ifndef SOURCE_COMMIT
#define SOURCE_COMMIT ""
#endif

const char version_number[] = VERSION;
const char *const version_commit = sizeof(SOURCE_COMMIT) > 1 ? SOURCE_COMMIT : "unknown";
