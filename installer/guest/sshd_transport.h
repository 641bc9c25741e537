/* SPDX-License-Identifier: MIT */
/*
 * sshd_transport — whether a client with its default settings reaches an SSH server and agrees with
 * it on algorithms.
 *
 * Pure. A server that offers none of the client's algorithms ends each connection before the login.
 * The client is OpenSSH from 8.8 on: ssh_config(5), KexAlgorithms, Ciphers, MACs and
 * HostKeyAlgorithms.
 *
 * Tested by: tests/unit/test_sshd_config.c, tests/loop/sshd.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "guest/sshd_values.h"

/* 0 if they agree on KexAlgorithms, Ciphers and MACs; else -EACCES and EXIT_VERIFY, the sentence
 * naming the keyword and its value. A list that begins with +, - or ^ changes the server's default
 * and is accepted. */
int sshd_transport_check(const struct sshd_values *values, struct error *err) WARN_UNUSED;

/* Whether HostKeyAlgorithms has an algorithm for host keys of this type ("ssh-ed25519"). */
bool sshd_transport_offers_host_key(const struct sshd_values *values, const char *type) WARN_UNUSED;

/* 0 if the server listens on an address that another machine can reach; else -EACCES. */
int sshd_transport_check_listen(const struct sshd_values *values, struct error *err) WARN_UNUSED;
