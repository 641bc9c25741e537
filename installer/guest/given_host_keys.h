/* SPDX-License-Identifier: MIT */
/*
 * given_host_keys — writes the SSH host keys that are given to the guest, and reads them back.
 *
 * They are written before the guest's activation, because sops-nix and agenix decrypt with them
 * there. A key goes where the guest's sshd_config names a HostKey of the same file name, else to
 * /etc/ssh. Host keys that are not given are made by host_keys.
 *
 * Tested by: tests/loop/identity.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "guest/chroot.h"
#include "input/host_key_file.h"

/* Writes each pair (0600 and 0644, root), and asks the guest's ssh-keygen for the public key and
 * for a signature. EXIT_NO_KEY if the program refuses the key. A guest without ssh-keygen is not
 * asked. EXIT_CONFIGURATION for a place in an /etc that nothing can write to. */
int given_host_keys_write(const struct chroot_session *session, const char *system,
	bool can_write_etc, const struct given_host_keys *given, struct error *err) WARN_UNUSED;

/* Whether the guest's SSH server is configured with this key. */
bool given_host_keys_is_used(
	const char *root, const char *system, const struct host_key_pair *pair);

/* Where the private key of this name lies in the guest. */
#define GIVEN_HOST_KEY_PLACE_BYTES 512
void given_host_keys_find_place(const char *root, const char *system, const char *name,
	char ret[GIVEN_HOST_KEY_PLACE_BYTES], bool *ret_used);

/* After activation: writes again what it has changed. An error if the guest's configuration makes a
 * link of one, since then the guest has another key. */
int given_host_keys_restore(const char *root, const char *system,
	const struct given_host_keys *given, struct error *err) WARN_UNUSED;

/* Reads them back with content, owner and modes. EXIT_VERIFY. */
int given_host_keys_verify(const char *root, const char *system,
	const struct given_host_keys *given, struct error *err) WARN_UNUSED;
