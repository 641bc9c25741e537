/* SPDX-License-Identifier: MIT */
/*
 * sshd_match — the patterns of sshd_config: names with wildcards, user@host, and lists of
 * addresses.
 *
 * Pure. It also proposes the addresses from which a login is tried, because a Match block or an
 * AllowUsers line may admit the owner from one network only. It reads no configuration otherwise.
 * Formats: ssh_config(5), "PATTERNS", sshd_config(5), Match, AllowUsers.
 *
 * Tested by: tests/unit/test_sshd_config.c, tests/fuzz/sshd_config.c, tests/fuzz/sshd_match.c,
 * tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SSHD_ORIGINS_MAX 24

/* The client's side of a connection as sshd sees it. */
struct sshd_origin {
	char address[64]; /* IPv4 or IPv6 */
	char host[128];	  /* the name of that address; the address itself without UseDNS */
};

/* Whether text matches a pattern of literal characters, '*' and '?'. */
bool sshd_match_pattern(const char *text, const char *pattern) WARN_UNUSED;

/* Whether the name matches one of the patterns of a comma-separated list without negation. */
bool sshd_match_list(const char *list, const char *name) WARN_UNUSED;

/* Compares an origin with a comma-separated list of addresses, networks and host names. 1: one of
 * them matches; -1: a negated one ('!') does; 0: none does, or a network of the list is malformed.
 * As in OpenSSH, host names have no case, and addresses are compared by value. */
int sshd_match_origin(const struct sshd_origin *origin, const char *list) WARN_UNUSED;

/* Whether a word of AllowUsers or DenyUsers, USER or USER@HOST, matches. */
bool sshd_match_user(
	const char *user, const struct sshd_origin *origin, const char *word) WARN_UNUSED;

/* Whether the address is one of the loopback interface. */
bool sshd_match_is_loopback(const char *address) WARN_UNUSED;

/* The origins to try: common ones first, then one for each address and host that the configuration
 * names in Match, AllowUsers and DenyUsers lines. Loopback addresses are left out. */
size_t sshd_match_propose_origins(
	const char *config_text, struct sshd_origin ret[SSHD_ORIGINS_MAX]) WARN_UNUSED;
