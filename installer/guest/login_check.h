/* SPDX-License-Identifier: MIT */
/*
 * login_check — whether the owner of the keys can log in to the installed guest by SSH.
 *
 * The guest's own sshd judges its configuration (sshd_run), sshd_login the values in force, and
 * account the user. Where that sshd cannot be executed, or no program of the guest may be run,
 * sshd_config reads the file instead. The target may be mounted read-only, nothing of it is
 * changed.
 *
 * Tested by: tests/loop/sshd.sh, tests/loop/lockout.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct login_request {
	const char *root;      /* where the target is mounted */
	const char *system;    /* store path */
	const char *user;      /* the keys' */
	const char *keys_text; /* its authorized_keys */
	bool files_only; /* root has copies of the guest's files, with other owners: no program is
				* run, and the caller checks owners and modes */
};

/* ret_port: where the server listens. -EACCES or another error with EXIT_VERIFY and the reason. */
int login_check(
	const struct login_request *request, unsigned *ret_port, struct error *err) WARN_UNUSED;
