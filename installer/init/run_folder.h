/* SPDX-License-Identifier: MIT */
/*
 * run_folder — the folder in memory that holds the target's mount point and what a key drive gave.
 *
 * Tested by: tests/loop/images.sh.
 */
#pragma once

#include "base/error.h"

#define RUN_FOLDER "/run/guest-installer"

/* Makes it: for PID 1, whose whole /run is in memory. */
int run_folder_make(struct error *err) WARN_UNUSED;

/* On a running system: mounts memory on it that this process and its children alone see, and that
 * is gone with them, however they end, because passwords from the key drive are kept there. */
int run_folder_make_private(struct error *err) WARN_UNUSED;
