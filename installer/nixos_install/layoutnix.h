/* SPDX-License-Identifier: MIT */
/*
 * layoutnix — the NixOS modules of the disk layouts, as they lie in iso/layouts.
 *
 * They are part of the program, so that it can leave them in any guest that is built while it is
 * installed.
 */
#pragma once

#include "disk/layout.h"

#define LAYOUTNIX_FILES_MAX 3

/* A module and its file name. */
struct layoutnix_file {
	const char *name; /* "gpt.nix" */
	const char *text;
};

/* The module of a layout first, then what it imports; the last one has no name. */
const struct layoutnix_file *layoutnix_files(enum layout layout);
