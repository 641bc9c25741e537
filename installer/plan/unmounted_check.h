/* SPDX-License-Identifier: MIT */
/*
 * unmounted_check — whether a guest can be put on an image of which nothing is mounted and in which
 * none of its programs runs.
 *
 * Pure. NixOS activates itself at each boot, so such an image needs no activation. What only
 * programs of the guest can make is refused here, before the first write. Every sentence says what
 * to change.
 *
 * Tested by: tests/unit/test_unmounted_check.c.
 */
#pragma once

#include <stdbool.h>

#include "config/config.h"
#include "plan/manifest.h"

/* Whether the settings suit an image; before the guest is read. -EINVAL with EXIT_CONFIGURATION. */
int unmounted_check_settings(const struct config *config, struct error *err) WARN_UNUSED;

/* Whether the guest does. */
int unmounted_check_guest(const struct manifest *manifest, struct error *err) WARN_UNUSED;

/* All accounts come at the first boot. Without a list of them only root is known, and as locked,
 * because whether it has a password is not; ret_assumed is set then. */
void unmounted_check_accounts(struct manifest *manifest, bool *ret_assumed);
