/* SPDX-License-Identifier: MIT */
/*
 * unpack — a Nix archive's events as files in the store.
 *
 * Makes what Nix makes: files 0444 or 0555, directories 0555, every mtime 1 (links too), owner 0:0
 * when it runs as root. Whatever the archive says, nothing is made outside the one name in the
 * store: every name is a single component, opened relative to its parent's descriptor, and an
 * existing entry is an error, never followed and never replaced.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "nar.h"

struct unpack {
	int store_fd;
	const char *root_name; /* the entry of the store that is being made */
	mode_t umask;
	bool give_to_root;		  /* what we make does not belong to 0:0 by itself */
	int file_fd;			  /* the file being written, -1 if none */
	bool executable;		  /* that file */
	int directory_fds[NAR_DEPTH_MAX]; /* from the root inwards */
	unsigned depth;
};

/* The handlers; their userdata is a struct unpack. */
extern const struct nar_events unpack_events;

/* The process's umask, read without a race as long as no other thread creates files yet. */
mode_t unpack_read_umask(void);

/* Ready to unpack one archive as store_fd/root_name. mask is the process's: what it would take
 * away is put back with fchmod, which is spared where it takes nothing. Both must outlive it. */
void unpack_begin(struct unpack *unpack, int store_fd, const char *root_name, mode_t mask);

/* Closes what an archive that broke off left open. What it wrote stays. */
void unpack_release(struct unpack *unpack);
