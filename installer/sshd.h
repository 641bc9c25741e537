/* SPDX-License-Identifier: MIT */
/*
 * sshd — whether an SSH server with this configuration will look at the keys we left.
 *
 * Pure. Format: sshd_config(5); keywords before the first Match block, where the first value of a
 * keyword wins.
 */
#pragma once

#include "error.h"

/* 0 if user, whose home is this path, may log in by a key in ~/.ssh/authorized_keys; else -EACCES
 * with EXIT_VERIFY and the keyword that is in the way. */
int sshd_config_check(
	const char *text, const char *user, const char *home, struct error *err) WARN_UNUSED;
