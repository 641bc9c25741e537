/* SPDX-License-Identifier: MIT */
/*
 * grub_entry — an entry of a GRUB menu, as plain data: its kernel, its initrds and its options.
 *
 * Tested by: tests/unit/test_grub_cfg.c.
 */
#pragma once

#include <stddef.h>

#define GRUB_INITRDS_MAX 8

/* How GRUB finds the file system that a file lies on. */
enum grub_search {
	GRUB_PREFIX, /* the one that grub.cfg itself was read from */
	GRUB_UUID,
	GRUB_LABEL,
};

struct grub_file {
	enum grub_search search;
	char device[64]; /* UUID or label; empty for GRUB_PREFIX */
	char path[512];	 /* from the root of that file system, single slashes */
};

struct grub_entry {
	char title[256];
	unsigned line; /* of the entry in grub.cfg */
	struct grub_file kernel;
	struct grub_file initrds[GRUB_INITRDS_MAX];
	size_t initrd_count;
	char command_line[4096]; /* the kernel's, without its path */
};
