/* SPDX-License-Identifier: MIT */
/*
 * cloud_form — the form of cloud-init's user-data, which its first line names.
 *
 * Pure. Only the form cloud-config is read here; the others are named for the caller to warn of.
 * Format: cloud-init's documentation, "User data formats".
 *
 * Tested by: tests/unit/test_cloud_config.c, tests/fuzz/cloud_config.c.
 */
#pragma once

#include <stddef.h>

/* NULL if the text without its byte order mark is #cloud-config; else the reason why it is
 * ignored. */
const char *cloud_form_ignore_reason(const char *text, size_t size_bytes);
