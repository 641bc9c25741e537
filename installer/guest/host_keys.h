/* SPDX-License-Identifier: MIT */
/*
 * host_keys — the SSH host keys of the guest: made in the target by the guest's own ssh-keygen, and
 * read back.
 *
 * Given keys stay as they are (given_host_keys). Of the others, those are made that the guest's
 * sshd_config names under their usual paths: /etc/ssh/ssh_host_ed25519_key, and ssh_host_rsa_key
 * with 4096 bits, as NixOS makes it. If it names none, ed25519 alone is made. Symbolic links stay
 * as they are.
 *
 * Tested by: tests/loop/lockout.sh.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "guest/chroot.h"
#include "input/host_key_file.h"

#define HOST_KEYS_MADE_MAX 2
#define HOST_KEYS_MAX	   (HOST_KEYS_MADE_MAX + HOST_KEYS_GIVEN_MAX)

/* What a client needs to verify the host at its first login. */
struct host_key {
	char public_key[2304]; /* "ssh-ed25519 AAAA…", as known_hosts has it behind the name */
	char fingerprint[96];  /* "ssh-ed25519 SHA256:…", as ssh shows it */
};

struct host_keys {
	struct host_key keys[HOST_KEYS_MAX];
	size_t count;
};

/* Makes what is wished for besides the given keys; keys that are there are replaced. Where nothing
 * was said, a guest without SSH server or ssh-keygen gets none; HOST_KEYS_GENERATE makes that an
 * error. */
int host_keys_make(const struct chroot_session *session, const char *system,
	enum host_key_mode wish, const struct given_host_keys *given,
	struct error *err) WARN_UNUSED;

/* Adds the given keys with which the guest's SSH server is configured. */
void host_keys_describe_given(const char *root, const char *system,
	const struct given_host_keys *given, struct host_keys *ret);

/* Reads back the given keys and what host_keys_make has left, with owner and modes. given may be
 * NULL. */
int host_keys_verify(const char *root, const char *system, enum host_key_mode wish,
	const struct given_host_keys *given, struct host_keys *ret, struct error *err) WARN_UNUSED;
