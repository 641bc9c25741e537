/* SPDX-License-Identifier: MIT */
/*
 * results — reports the facts of an install besides its verdict, as INSTALL_RESULT lines.
 *
 * guest-installer-protocol(7) lists the keys. Other modules have planned or read back the values;
 * nothing is decided here.
 */
#pragma once

#include "plan/plan.h"
#include "verdict/shared_state.h"
#include "verify/verify.h"

/* What was read back: how the guest is started, how much it is, and by which host keys it
 * is known. */
void results_report_verified(struct shared_state *shared, const struct verified *verified);

/* What was installed, where, and how long each stage took. */
void results_report_install(struct shared_state *shared, const struct plan *plan);

/* The most memory that this process had; told of failures, too: too little of it may be why. */
void results_report_memory(struct shared_state *shared);
