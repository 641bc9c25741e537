/* SPDX-License-Identifier: MIT */
/*
 * grub_cfg — which files the default entry of a grub.cfg boots.
 *
 * Pure, and only as much of GRUB's language (GRUB manual, "Writing full configuration files
 * directly") as NixOS's install-grub.pl and grub-mkconfig write: search, set, menuentry, submenu,
 * linux, initrd. It reads a file that GRUB will read; it is no interpreter.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define GRUB_INITRDS_MAX 4

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
	char title[128];
	struct grub_file kernel;
	struct grub_file initrds[GRUB_INITRDS_MAX];
	size_t initrd_count;
	char command_line[2048]; /* the kernel's, without its path */
};

/* The entry that boots when nobody touches a key: `set default=N`, the first without one. -EINVAL
 * with a sentence where there is none, or where it has no kernel, or where a file lies on a device
 * that no search line names. */
int grub_cfg_default(const char *text, struct grub_entry *ret, struct error *err) WARN_UNUSED;
