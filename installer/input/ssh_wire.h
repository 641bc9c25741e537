/* SPDX-License-Identifier: MIT */
/*
 * ssh_wire — takes SSH's binary forms apart (RFC 4251, section 5).
 *
 * Pure. What the strings of a key mean is decided by ssh_key_line and host_key_file.
 *
 * Tested by: tests/unit/test_ssh_keys.c, tests/unit/test_host_key_file.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* One string: its bytes inside the blob, and the blob moves on behind it. -EINVAL if it is cut
 * off. */
int ssh_wire_take_string(
	const uint8_t **blob, size_t *left, const uint8_t **ret, size_t *ret_bytes) WARN_UNUSED;

/* One uint32. -EINVAL if it is cut off. */
int ssh_wire_take_uint32(const uint8_t **blob, size_t *left, uint32_t *ret) WARN_UNUSED;
