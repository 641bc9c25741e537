/* SPDX-License-Identifier: MIT */
/*
 * chroot — runs the guest's own programs inside the target, as nixos-enter does.
 *
 * A mount namespace of its own has /dev, /sys, /proc and an empty /run below the target. What the
 * guest's programs mount there goes with the namespace.
 *
 * Tested by: tests/loop/enter.sh, tests/loop/lockout.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct chroot_session {
	char root[256];
	char path[512]; /* PATH=… of the guest's programs */
	/* the state before, to which chroot_leave returns */
	int old_ns;  /* the mount namespace */
	int top;     /* the root, which need not be the namespace's */
	int old_cwd; /* the working directory */
};

/* system is the store path whose sw/bin becomes PATH. */
int chroot_enter(const char *root, const char *system, struct chroot_session *ret,
	struct error *err) WARN_UNUSED;

/* Runs a program (absolute path inside the target). install_boot_loader sets
 * NIXOS_INSTALL_BOOTLOADER=1. */
int chroot_run(const struct chroot_session *session, const char *const *argv,
	bool install_boot_loader, struct error *err) WARN_UNUSED;

/* Runs a program and returns its standard output (from malloc); the log has its standard error
 * only. Errors as process_run. */
int chroot_capture(const struct chroot_session *session, const char *const *argv, char **ret_output,
	struct error *err) WARN_UNUSED;

/* Makes /run/current-system lead to a system, as it does in the booted guest. */
int chroot_link_system(
	const struct chroot_session *session, const char *system, struct error *err) WARN_UNUSED;

/* Returns to the namespace, the root and the working directory from before. */
int chroot_leave(struct chroot_session *session, struct error *err) WARN_UNUSED;
