/* SPDX-License-Identifier: MIT */
/*
 * verify_request — what the verification of an installed guest works on.
 *
 * Tested by: tests/loop/images.sh.
 */
#pragma once

#include "disk/disk_drivers.h"
#include "input/host_key_file.h"
#include "nix/closure.h"
#include "plan/manifest.h"
#include "plan/plan.h"

struct verify_request {
	const struct plan *plan;
	const struct manifest *manifest;
	const struct closure *closure; /* NULL: what Nix has registered itself is what counts */
	const char *root;	       /* where the target is mounted */
	int disk_fd;		       /* the whole disk */
	const uint8_t *first_sector;   /* as it will be when it is restored: boot_sector.h */
	const char *ssh_keys_text;     /* authorized_keys as written; NULL for keys=none */
	const struct given_host_keys *given_host_keys; /* NULL for none */
	const struct disk_drivers
		*drivers; /* of the disk with the root; NULL where it does not matter */
};
