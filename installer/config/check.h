/* SPDX-License-Identifier: MIT */
/*
 * check — refuses keys that do not go together, and turns all collected errors into one.
 *
 * Pure. key_table checks the value of each single key.
 *
 * Tested by: tests/unit/test_config.c, tests/unit/test_engine.c.
 */
#pragma once

#include "config/config.h"

/* Checks what one key alone cannot show (a cache without trusted keys, …). All errors of config
 * together become one error with EXIT_CONFIGURATION. */
int check_config(struct config *config, struct error *err) WARN_UNUSED;

/* The errors that the sources had, without looking at the keys together: for a part of a
 * configuration. */
int check_config_values(struct config *config, struct error *err) WARN_UNUSED;
