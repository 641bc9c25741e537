/* SPDX-License-Identifier: MIT */
/*
 * sshd_transport — whether a client with its default settings and an SSH server agree on algorithms.
 *
 * Pure. It takes the settings in force as sshd_values does. A server that offers none of the client's
 * algorithms ends each connection before the login. The client is OpenSSH from 8.8 on: ssh_config(5),
 * KexAlgorithms, Ciphers and MACs. Host keys are not looked at: sshd_values_offer_host_key.
 *
 * Tested by: tests/unit/test_sshd_config.c, tests/loop/sshd.sh.
 */
#pragma once

#include "base/error.h"
#include "guest/sshd_values.h"

/* 0, or -EACCES and EXIT_VERIFY, the sentence naming the keyword and its value. A list that begins with
 * +, - or ^ changes the server's default and is accepted. */
int sshd_transport_check(const struct sshd_values *values, struct error *err) WARN_UNUSED;
