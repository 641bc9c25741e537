/* SPDX-License-Identifier: MIT */
/*
 * host_name — gives a host name to a guest whose configuration leaves it open
 * (networking.hostName = "").
 *
 * Such a system has no /etc/hostname of its own, and systemd reads the file at boot (hostname(5)).
 * A system that has one keeps it.
 *
 * Tested by: tests/loop/identity.sh.
 */
#pragma once

#include "base/error.h"

/* Writes /etc/hostname (0644, root) if the system leaves the name open. A system that fixes another
 * name keeps it, and the log has a warning. An empty name is nothing to do. */
int host_name_write(
	const char *root, const char *system, const char *name, struct error *err) WARN_UNUSED;

/* Reads it back; EXIT_VERIFY if the guest would have no name, or another one. */
int host_name_verify(
	const char *root, const char *system, const char *name, struct error *err) WARN_UNUSED;
