/* SPDX-License-Identifier: MIT */
/*
 * build_request — what nixos-install is to build: read, and its programs found, before the first write.
 *
 * Nothing of it is evaluated here. Carrying it out is nixosinstall's.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "input/key_drive.h"

struct build_request {
	char *folders; /* where programs are looked for, as in PATH */
	char generate_config[512], install[512];
	char *configuration; /* text of guest.nix; NULL: what nixos-generate-config writes */
	char *flake, *lock;  /* texts of the key drive's flake; NULL: none, or it lies elsewhere */
	bool online;	     /* there is a way to other machines, or a proxy */
};

/* EXIT_CONFIGURATION where a program, a local flake or a system that nobody else has is missing;
 * EXIT_VERIFY where a file is not what configuration says; what cannot be fetched is EXIT_FETCH. */
int build_request_read(const struct config *config, const struct key_drive *drive,
	struct build_request *ret, struct error *err) WARN_UNUSED;

void build_request_free(struct build_request *build_request);
