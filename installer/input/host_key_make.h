/* SPDX-License-Identifier: MIT */
/*
 * host_key_make — makes an SSH host key of type ed25519 in OpenSSH's own form, without ssh-keygen.
 *
 * Pure: the caller gives the random bytes. For guests whose programs are not run. Format: OpenSSH's
 * PROTOCOL.key and RFC 8709; the key pair is that of RFC 8032.
 *
 * Tested by: tests/unit/test_host_key_make.c, tests/image/clone.sh.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "input/host_key_file.h"

#define HOST_KEY_SEED_BYTES 32

/* The private key of RFC 8032 (32 random bytes that are used for nothing else), and the number that
 * PROTOCOL.key has twice in the private part. ret: named ssh_host_ed25519_key, as if host_key_file
 * had read it, with texts from malloc. */
void host_key_make(
	const uint8_t seed[HOST_KEY_SEED_BYTES], uint32_t check, struct host_key_pair *ret);
