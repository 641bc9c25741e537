/* SPDX-License-Identifier: MIT */
/*
 * guest_root — a root file system of the test's own, and what a check says of it, for the tests.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* The folder. A name below it begins with '/'. Everything here fails the test where it fails. */
extern char root[64];

/* Makes it, with so many folders below it. */
void make_root(const char *const folders[], size_t count);
void remove_root(void);

void put_bytes(const char *name, const void *bytes, size_t size_bytes);
void put(const char *name, const char *text);
void make_below(const char *name);
void link_to(const char *target, const char *name);

/* Removes a file, a link or an empty folder. */
void drop(const char *name);

/* The check that returned r has passed; with a sentence, it has failed with that in its error. */
void says(int r, const struct error *err, const char *sentence);
