/* SPDX-License-Identifier: MIT */
/*
 * results — reports facts about the install to the host, as INSTALL_RESULT lines.
 *
 * guest-installer-protocol(7) lists the keys. The values come from the plan and the verification.
 * Nothing is decided here.
 *
 * Tested by: tests/qemu/install_gpt.sh.
 */
#pragma once

#include "plan/plan.h"
#include "verdict/shared_state.h"
#include "verify/verify.h"

/* Reports what the verification read: kernel, initrd, command line, sizes and SSH host keys. */
void results_report_verified(struct shared_state *shared, const struct manifest *manifest,
	const struct verified *verified);

/* Reports which system is where: the system, its disks and their layout. */
void results_report_place(struct shared_state *shared, const struct plan *plan);

/* Reports what was installed, where, and how long each stage took. */
void results_report_install(struct shared_state *shared, const struct plan *plan);

/* Reports the peak memory of this process. Also after a failure, which a lack of memory can
 * cause. */
void results_report_memory(struct shared_state *shared);
