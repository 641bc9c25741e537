/* SPDX-License-Identifier: MIT */
/*
 * flake — checks references to the NixOS configuration of a flake.
 *
 * Pure. A reference is REF with NAME as its fragment. REF is "drive" for the flake.nix on the key
 * drive, the absolute path of a folder, or a flake reference that is pinned to one revision (Nix
 * manual, "nix flake", "Flake references").
 *
 * Tested by: tests/unit/test_build_request.c, tests/fuzz/flake.c.
 */
#pragma once

#include <stdbool.h>

/* "drive#NAME", "/path#NAME", or "REF#NAME" where REF has rev= or narHash= or a commit of 40 hex
 * digits as a part of its path; NAME of letters, digits, '_', '-' and '.'. */
bool flake_check(const char *text);

/* Whether it lies on the key drive. */
bool flake_is_on_drive(const char *text);

/* Whether it is fetched over the network. */
bool flake_is_remote(const char *text);

/* The NAME after the '#', inside text. */
const char *flake_name(const char *text);
