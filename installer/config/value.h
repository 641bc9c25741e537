/* SPDX-License-Identifier: MIT */
/*
 * value — what each configuration key may hold, and how its text becomes a field of the
 * configuration.
 *
 * Pure. Which source says it, and which source wins, is config's business.
 */
#pragma once

#include "config/config.h"

/* Sets a key from its text. -EINVAL (and config untouched) if it cannot hold that. */
int value_set(struct config *config, enum config_key key, const char *text) WARN_UNUSED;
