/* SPDX-License-Identifier: MIT */
/*
 * stream_copy — a memcpy for bytes that no processor reads soon.
 *
 * Pure. The stores do not go through the caches (Intel 64 Software Developer's Manual, volume 1,
 * 10.4.6.2, "Caching of Temporal vs. Non-Temporal Data"): an ordinary store first reads the old
 * bytes of its place, and displaces what is decompressed and hashed. Other processors than x86-64
 * copy by memcpy.
 *
 * Tested by: tests/unit/test_stream_copy.c.
 */
#pragma once

#include <stddef.h>

/* As memcpy. Another thread may pass the bytes on to a device when this one has told it so by a
 * lock. */
void stream_copy(void *to, const void *from, size_t size_bytes);
