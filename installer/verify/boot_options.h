/* SPDX-License-Identifier: MIT */
/*
 * boot_options — what a kernel command line starts: init= and root=.
 *
 * Pure. The rules are the kernel's (Linux, lib/cmdline.c next_arg, init/main.c): blanks separate
 * words, double quotes keep blanks, the last assignment counts, and "--" ends the kernel's part.
 *
 * Tested by: tests/unit/test_boot_options.c, tests/fuzz/boot_options.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "plan/plan.h"

/* The value of the last NAME=VALUE before "--"; false if there is none, or if it does not fit. */
bool boot_options_last(const char *command_line, const char *name, char *ret, size_t ret_bytes);

/* The init that is started is system's, and root=, where there is one, is the plan's root file
 * system. -EBADMSG; where names the menu entry in the sentence. */
int boot_options_check(const char *where, const char *command_line, const struct plan *plan,
	struct error *err) WARN_UNUSED;
