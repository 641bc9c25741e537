/* SPDX-License-Identifier: MIT */
/*
 * instance_line — reads what a host writes into one line of text: the serial number of the machine,
 * which is all that the API of some engines can set, and the kernel command line.
 *
 * Pure. Formats: cloud-init's documentation, "NoCloud" (ds=nocloud;h=NAME;s=URL), systemd's "System
 * and Service Credentials" (systemd.set_credential=NAME:TEXT), and gi:key=value;key=value of this
 * installer.
 *
 * Tested by: tests/unit/test_instance_line.c, tests/fuzz/instance_line.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/config.h"

/* Merges the settings behind gi:, which stands at the start of a serial number or behind a blank
 * and reaches to its end. A semicolon separates them. Errors are collected in config. */
void instance_line_merge(struct config *config, const char *serial);

/* A field of the word ds=nocloud;… or ds=nocloud-net;…, by its short name: h is the host name, s
 * the URL of further files. Its long name counts too. False if there is none, or it does not
 * fit. */
bool instance_line_nocloud(const char *line, char field, char *ret, size_t ret_bytes);

/* The systemd credential of this name on a kernel command line; index counts several of them. 1
 * with its text (from malloc, a NUL behind it); 0 if there is none; -EINVAL with EXIT_NO_KEY if its
 * base64 is none. */
int instance_line_credential(const char *command_line, const char *name, size_t index, char **ret,
	size_t *ret_bytes, struct error *err) WARN_UNUSED;
