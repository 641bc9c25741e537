/* SPDX-License-Identifier: MIT */
/*
 * revoked_keys — decides whether the guest's SSH server takes a key in spite of RevokedKeys.
 *
 * The file is a text with a public key in each line, or a key revocation list in OpenSSH's binary
 * format. The text is read here, as sshkey_in_file (OpenSSH, authfile.c) does; the binary format is
 * left to the guest's own ssh-keygen. Formats: sshd_config(5), RevokedKeys; ssh-keygen(1), "KEY
 * REVOCATION LISTS"; OpenSSH's PROTOCOL.krl.
 *
 * Tested by: tests/loop/sshd.sh.
 */
#pragma once

#include "base/error.h"
#include "guest/chroot.h"
#include "guest/sshd_run.h"
#include "input/ssh_key_line.h"

/* 0 if the file (its path in the guest) does not have the key. -EKEYREVOKED if it has, or if it
 * cannot be read, in which case the server takes no key at all; the sentence says which. */
int revoked_keys_check(const struct chroot_session *session, const char *system,
	const struct sshd_program *program, const char *file, const struct ssh_key_line *key,
	struct error *err) WARN_UNUSED;
