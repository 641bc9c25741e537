/* SPDX-License-Identifier: MIT */
/*
 * layout_modules — the NixOS modules of the disk layouts, as they lie in iso/layouts.
 *
 * They are part of the program, so that it can leave them in any guest that is built while it is
 * installed.
 */
#pragma once

#include "disk/layout.h"

#define LAYOUT_MODULES_MAX 3

/* A module and its file name. */
struct layout_modules_file {
	const char *name; /* "gpt.nix" */
	const char *text;
};

/* The module of a layout first, then what it imports; the last one has no name. */
const struct layout_modules_file *layout_modules_files(enum layout layout);
