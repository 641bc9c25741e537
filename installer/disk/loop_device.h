/* SPDX-License-Identifier: MIT */
/*
 * loop_device — attaches a part of an open file to a loop device (loop(4)).
 *
 * The file is given as a descriptor, so no name is looked up that may lead to another file by now.
 *
 * Tested by: tests/loop/mount.sh, tests/loop/images.sh (loop_device).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define LOOP_NODE_BYTES 32

struct loop_request {
	int fd;		  /* of the file; read and write, unless read_only */
	const char *name; /* of the file, as losetup(8) shows it */
	uint64_t offset_bytes;
	uint64_t size_bytes;
	bool read_only;
};

/* Attaches the file and returns the open loop device in *ret_fd and its node. The kernel detaches
 * it when its last user closes or unmounts it, also if this process is killed. */
int loop_device_attach(const struct loop_request *request, char ret_node[LOOP_NODE_BYTES],
	int *ret_fd, struct error *err) WARN_UNUSED;
