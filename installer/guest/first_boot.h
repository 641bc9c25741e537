/* SPDX-License-Identifier: MIT */
/*
 * first_boot — has the guest print the verdict on its console once, at its first boot.
 *
 * For hosts that show only the console of the running guest. Neither a unit nor a file of the
 * guest's configuration is added or changed: systemd-tmpfiles of systemd 252 and later reads the
 * credential tmpfiles.extra, which systemd takes from /etc/credstore (systemd.exec(5),
 * tmpfiles.d(5)). The lines in it write to /dev/console, and remove the file itself. Guests that
 * cannot do so are left without.
 *
 * The file is written before the verification. A guest that fails there has no boot sector; of
 * layout direct, the host is given no kernel.
 *
 * Tested by: tests/loop/first_boot.sh, tests/qemu/install_gpt.sh.
 */
#pragma once

#include "base/error.h"
#include "plan/manifest.h"

/* Writes the file below root, where the guest's /etc is mounted as at boot. 0, and the log has the
 * reason, for a guest whose /etc is read-only, whose unit of systemd-tmpfiles does not load the
 * credential, or that has one of that name. */
int first_boot_write_verdict(const char *root, const char *system, const struct manifest *manifest,
	struct error *err) WARN_UNUSED;
