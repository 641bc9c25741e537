/* SPDX-License-Identifier: MIT */
/*
 * verify — reads back what an installed guest needs to boot and to let its owner in.
 *
 * The target is mounted read-only, after everything was synced and unmounted once. Nothing is
 * written. Every refusal has the code EXIT_VERIFY and names the file.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "format/boot_sector.h"
#include "guest/boot_files.h"
#include "guest/host_keys.h"
#include "nix/closure.h"
#include "plan/manifest.h"
#include "plan/plan.h"
#include "store/database.h"

/* What the host may want to know of the installed system. */
struct verified {
	struct boot_files boot;
	struct host_keys host_keys; /* those that were made */
	struct database_size size;
	unsigned ssh_port; /* where the guest's SSH server listens; 0 with keys=none */
};

struct verify_request {
	const struct plan *plan;
	const struct manifest *manifest;
	const struct closure *closure; /* NULL: what Nix has registered itself is what counts */
	const char *root;	       /* where the target is mounted */
	int disk_fd;		       /* the whole disk */
	const uint8_t *first_sector;   /* as it will be when it is restored: boot_sector.h */
	const char *ssh_keys_text;     /* authorized_keys as written; NULL for keys=none */
};

/* ret: what the host may want to know of the installed system. */
int verify_all(
	const struct verify_request *request, struct verified *ret, struct error *err) WARN_UNUSED;
