/* SPDX-License-Identifier: MIT */
/*
 * flake — references to the NixOS configuration of a flake: REF#NAME.
 *
 * Pure. REF is "drive" for the flake.nix on the key drive, the absolute path of a folder, or a
 * flake reference that names what it means for good (Nix manual, "nix flake", "Flake references").
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

/* The NAME behind the '#', inside text. */
const char *flake_name(const char *text);
