/* SPDX-License-Identifier: MIT */
/*
 * verify — reads back what an installed guest needs to boot and to let its owner in.
 *
 * The target is mounted read-only, after everything was synced and unmounted once. Nothing is
 * written. Every refusal has the code EXIT_VERIFY and names the file.
 *
 * Tested by: tests/loop/images.sh.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "guest/boot_files.h"
#include "guest/host_keys.h"
#include "nix/closure.h"
#include "plan/manifest.h"
#include "plan/plan.h"
#include "store/database.h"
#include "verify/boot_entry.h"
#include "verify/verify_request.h"

/* What is reported of the installed system. */
struct verified {
	struct boot_files boot;
	struct boot_entry entry;    /* the default boot entry, which starts boot */
	struct host_keys host_keys; /* those that were made or given */
	struct database_size size;
	unsigned ssh_port; /* where the guest's SSH server listens; 0 with keys=none */
};

/* Only the lines of the system's fstab: the file systems that it needs are on this disk, and none
 * hides the keys. */
int verify_mounts(const struct verify_request *request, struct error *err) WARN_UNUSED;

/* Only how the guest boots: its profile, the boot loader, and the kernel, the initrd and the
 * command line of the default entry. Of ret, boot and entry are set. */
int verify_boot(
	const struct verify_request *request, struct verified *ret, struct error *err) WARN_UNUSED;

/* ret is what is reported of the installed system. */
int verify_all(
	const struct verify_request *request, struct verified *ret, struct error *err) WARN_UNUSED;
