/* SPDX-License-Identifier: MIT */
/*
 * sshd_config — reads an sshd_config where the guest's own sshd cannot be run.
 *
 * Pure. The guest's `sshd -T` is the first choice (sshd_run). This reader is the fallback: it
 * refuses what it cannot evaluate, namely Include, Match blocks that could apply, quotes, comments
 * behind a value and unknown keywords. What the values mean is decided by sshd_login. It also
 * finds the host keys that a configuration names. Format: sshd_config(5).
 *
 * Tested by: tests/unit/test_sshd_config.c, tests/fuzz/sshd_config.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* The values in force for this user, as text for sshd_values_parse (from malloc). path stands in
 * errors. -EACCES with EXIT_VERIFY and the line for what cannot be evaluated. */
int sshd_config_read(const char *path, const char *text, const char *user, char **ret_values,
	struct error *err) WARN_UNUSED;

enum sshd_host_key {
	SSHD_ED25519 = 1, /* /etc/ssh/ssh_host_ed25519_key */
	SSHD_RSA = 2,	  /* /etc/ssh/ssh_host_rsa_key */
};

/* Those of these host keys that HostKey lines before the first Match block name, as flags.
 * SSHD_ED25519 if there is no such line: sshd then loads the keys that exist under these names. */
unsigned sshd_host_keys(const char *text) WARN_UNUSED;

/* Where the server looks for the host key of this file name: the path of a HostKey line, before the
 * first Match block, that ends in the name. Without HostKey lines it is below /etc/ssh, where sshd
 * looks for its three usual names. -ENOENT if the server would not load it. */
int sshd_find_host_key(const char *text, const char *name, char *ret, size_t ret_bytes) WARN_UNUSED;
