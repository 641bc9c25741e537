/* SPDX-License-Identifier: MIT */
/*
 * build_request — reads what nixos-install will build and finds its programs, before the first
 * write.
 *
 * It evaluates nothing. run carries the request out.
 *
 * Tested by: tests/unit/test_build_request.c.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "input/key_drive.h"

struct build_request {
	char *folders; /* the search path of programs, as in PATH */
	char generate_config[512], install[512];
	char *configuration; /* text of guest.nix; NULL: what nixos-generate-config writes */
	char *flake, *lock;  /* texts of the key drive's flake; NULL: none, or it lies elsewhere */
	bool online;	     /* there is a default route or a proxy */
};

/* EXIT_CONFIGURATION if a program, a local flake or a system that no cache can have is missing;
 * EXIT_VERIFY if a file does not have its configured hash; EXIT_FETCH if a download fails. */
int build_request_read(const struct config *config, const struct key_drive *drive,
	struct build_request *ret, struct error *err) WARN_UNUSED;

void build_request_free(struct build_request *build_request);
