/* SPDX-License-Identifier: MIT */
/*
 * image_guest — what the image of a finished guest says of it: the system, how it boots, and the
 * account that keys are for.
 *
 * A manifest says it of a guest that is about to be made. Nothing is changed.
 *
 * Tested by: tests/image/clone.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/image_view.h"
#include "plan/manifest.h"
#include "plan/plan.h"

/* Sets plan->system and where the EFI system partition is mounted; plan->keys_user is set. An
 * account that has no keys in the image, so that nothing has judged it, counts as locked, and
 * ret_assumed is true. EXIT_CONFIGURATION for a guest that cannot be changed without mounting it
 * (unmounted_check), and for a user of whom the image has neither an account nor a home. */
int image_guest_read(struct plan *plan, struct image_view *view, struct manifest *ret,
	bool *ret_assumed, struct error *err) WARN_UNUSED;
