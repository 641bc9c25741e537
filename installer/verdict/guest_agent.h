/* SPDX-License-Identifier: MIT */
/*
 * guest_agent — answers requests of the QEMU guest agent's protocol, as far as a client needs them
 * to see that the installer runs.
 *
 * Pure. Format: QEMU's docs/interop/qemu-ga-ref. Known commands are guest-sync,
 * guest-sync-delimited, guest-ping and guest-info. Every other command is answered with
 * CommandNotFound, so no request changes anything. The requests come from the host and are
 * untrusted: a request has at most GUEST_AGENT_REQUEST_BYTES. guest_agent_port reads and writes the
 * port.
 *
 * Tested by: tests/unit/test_guest_agent.c, tests/fuzz/guest_agent.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define GUEST_AGENT_REQUEST_BYTES 4096

/* A request that has not arrived whole. Zero-initialised: nothing has arrived. */
struct guest_agent {
	char request[GUEST_AGENT_REQUEST_BYTES];
	size_t size_bytes;
	unsigned depth; /* of open braces */
	bool in_string, escaped;
	bool too_long;
};

/* Takes the next bytes of the stream. Returns the replies to all requests that they complete, from
 * malloc, and their size; NULL and 0 if there are none. Bytes between two requests are skipped. The
 * byte 0xFF, with which a client resynchronises the stream, discards an incomplete request. */
char *guest_agent_answer(
	struct guest_agent *agent, const char *data, size_t size_bytes, size_t *ret_bytes);
