/* SPDX-License-Identifier: MIT */
/*
 * key_sources — collects the SSH keys of this install from every place that may hold them.
 *
 * Key files, drives and systemd credentials have been read before. Here their keys are joined.
 * ssh_keys decides what a line of keys may be.
 *
 * Tested by: tests/unit/test_config_sources.c.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "input/config_sources.h"

/* The text of authorized_keys, from malloc; NULL where the configuration wants none. The order is
 * files, drive, cidata, config-2, credential; a duplicate counts once. Lines that no SSH server
 * takes and other things that were ignored are logged as warnings. user is keys-user. EXIT_NO_KEY
 * if there is no usable key. */
int key_sources_read(const struct key_settings *settings, const char *user,
	const struct config_sources *sources, char **ret_text, struct error *err) WARN_UNUSED;
