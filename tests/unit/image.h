/* SPDX-License-Identifier: MIT */
/*
 * image — a file system in a file, and what e2fsck and debugfs say of it, for the tests.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

struct image {
	char folder[64];
	char path[80];	 /* of the file system's file */
	char store[128]; /* where image_read puts what is in its /nix/store */
};

/* A new one as ext4.c makes it; or with options, as mke2fs makes it with these, separated by
 * blanks, on 64 MiB. Everything here aborts where it fails. */
void image_make(struct image *image, const char *options);
void image_remove(struct image *image);

/* Whether e2fsck finds nothing at all to say. Prints what it says. */
bool image_is_clean(const struct image *image);

/* Takes its /nix/store out by debugfs: modes, owners (as root) and times as well, but those of
 * links. false if there is none. */
bool image_read(struct image *image);

/* What debugfs answers to a request; valid until the next. */
const char *image_ask(const struct image *image, const char *request);
