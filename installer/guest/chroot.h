/* SPDX-License-Identifier: MIT */
/*
 * chroot — the guest's own programs, run inside the target as nixos-enter would.
 *
 * A mount namespace of its own holds /dev, /sys, /proc and a fresh /run below the target, and
 * whatever the guest's programs mount there; all of it goes with the namespace.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct chroot_session {
	char root[256];
	char path[512]; /* PATH=… of the guest's programs */
	/* where to go back to */
	int outside; /* the namespace */
	int top;     /* the root, which need not be the namespace's */
	int here;    /* the working directory */
};

/* system is the store path whose sw/bin becomes PATH. */
int chroot_enter(const char *root, const char *system, struct chroot_session *ret,
	struct error *err) WARN_UNUSED;

/* Runs a program (absolute path inside the target). install_boot_loader sets
 * NIXOS_INSTALL_BOOTLOADER=1. */
int chroot_run(const struct chroot_session *session, const char *const *argv,
	bool install_boot_loader, struct error *err) WARN_UNUSED;

/* Back to the namespace, the root and the working directory from before. */
int chroot_leave(struct chroot_session *session, struct error *err) WARN_UNUSED;
