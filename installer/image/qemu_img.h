/* SPDX-License-Identifier: MIT */
/*
 * qemu_img — converts disk images between formats by qemu-img of the host, which knows qcow2 best.
 *
 * Tested by: tests/image/output.sh, tests/image/clone.sh.
 */
#pragma once

#include "base/error.h"

/* Whether qemu-img is there: EXIT_CONFIGURATION if not. */
int qemu_img_check(struct error *err) WARN_UNUSED;

/* Replaces the content of the file to, which is empty. The formats are raw or qcow2. */
int qemu_img_convert(const char *from, const char *from_format, const char *to,
	const char *to_format, struct error *err) WARN_UNUSED;
