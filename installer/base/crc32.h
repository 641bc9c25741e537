/* SPDX-License-Identifier: MIT */
/*
 * crc32 — the CRC-32 of IEEE 802.3, by liblzma.
 *
 * Pure. It detects accidental damage. digest detects forgery as well.
 *
 * Tested by: tests/unit/test_install_mark.c (crc32_ieee).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_ieee(const void *data, size_t size_bytes);
