/* SPDX-License-Identifier: MIT */
/*
 * xenstore — reads what the toolstack of a Xen host has written for this domain into xenstore.
 *
 * By the protocol of xenstored (Xen, xen/include/public/io/xs_wire.h and docs/misc/xenstore.txt) on
 * the device that the kernel offers. Paths are relative to the domain's own folder. Answers are
 * untrusted: their sizes are bounded, and each has a deadline.
 *
 * Tested by: tests/xen/install.sh, tests/fuzz/xenstore.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* What is meant for the installer. */
struct xenstore_data {
	char *settings; /* "key=value" of vm-data/guest-installer/key, each with a NUL behind it */
	size_t settings_bytes;
	char *keys_text; /* vm-data/ssh_authorized_keys; NULL: none */
	size_t keys_bytes;
};

/* Opens /dev/xen/xenbus or /proc/xen/xenbus; -ENOENT where there is none. */
int xenstore_open(struct error *err) WARN_UNUSED;

/* Reads it, by a descriptor that xenstored is behind. What is not there is no error. */
int xenstore_read(int fd, struct xenstore_data *ret, struct error *err) WARN_UNUSED;

void xenstore_free(struct xenstore_data *data);
