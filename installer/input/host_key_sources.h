/* SPDX-License-Identifier: MIT */
/*
 * host_key_sources — collects the SSH host keys that are given to this guest: those on the key
 * drive and those in files that the configuration names.
 *
 * What a file of a key may be is decided by host_key_file.
 *
 * Tested by: tests/unit/test_host_key_file.c, tests/loop/identity.sh.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "input/host_key_file.h"
#include "input/key_drive.h"

/* Reads every given host key; none where the configuration wants other ones. A public key beside
 * its private one has to be of the same pair; where it is missing it is derived. EXIT_NO_KEY for a
 * file that is refused, for two keys of one name, and if keys have to be given and none is
 * there. */
int host_key_sources_read(const struct host_key_settings *settings, const struct key_drive *drive,
	struct given_host_keys *ret, struct error *err) WARN_UNUSED;
