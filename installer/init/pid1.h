/* SPDX-License-Identifier: MIT */
/*
 * pid1 — prepares the kernel and the consoles when the installer is the first process of the lean
 * ISO.
 *
 * It does not wait for devices (settle), nor does it supervise the install (supervise).
 *
 * Tested by: tests/qemu/install_bios.sh.
 */
#pragma once

/* Mounts /proc, /sys, /dev and /run, opens the consoles, sets the clock no earlier than the ISO's
 * build time (/etc/build-time), loads the drivers (modules), waits for the kernel's entropy and
 * brings the loopback interface up. Failures are logged and not fatal: the install reports what it
 * lacks. */
void pid1_prepare(void);
