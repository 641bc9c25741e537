/* SPDX-License-Identifier: MIT */
/*
 * image_request — what an image is made of, as the modules of this folder take it.
 *
 * Tested by: tests/image/direct.sh.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest/extra_files.h"
#include "input/host_key_file.h"
#include "nix/closure.h"
#include "plan/manifest.h"
#include "plan/plan.h"

struct image_request {
	const struct plan *plan;	 /* opens the image's files by their descriptors */
	const struct manifest *manifest; /* with the accounts of the first boot */
	bool accounts_assumed;		 /* the manifest has not listed them */
	const struct closure
		*closure; /* NULL for the copy of an image: what Nix has registered counts */
	const char *ssh_keys_text; /* authorized_keys; NULL for keys=none */
	const struct given_host_keys *given_host_keys;
	const struct extra_files *extra_files;
	int64_t time_s;	    /* of everything that has no time of its own */
	const char *folder; /* a folder of the host for temporary files */
};
