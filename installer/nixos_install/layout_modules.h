/* SPDX-License-Identifier: MIT */
/*
 * layout_modules — the NixOS modules of the disk layouts, copies of the files in iso/layouts.
 *
 * The program contains them, so that it can write them to the disk of a guest that nixos-install
 * builds.
 *
 * Tested by: tests/loop/nixos_install.sh.
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
