/* SPDX-License-Identifier: MIT */
/*
 * pid1 — what the first process of the lean ISO does before anything else can work.
 */
#pragma once

/* Mounts /proc, /sys, /dev and /run, opens the consoles, sets the clock no earlier than the ISO's
 * build time (/etc/build-time), waits for the kernel's entropy, brings the loopback interface up
 * and loads the modules of /lib/modules/order. What fails is logged and left: the install will
 * name what it misses. */
void pid1_prepare(void);
