/* SPDX-License-Identifier: MIT */
/*
 * clone_image — makes a second guest of the image of a finished one: a copy with identifiers, keys
 * and host keys of its own (command image with --from).
 *
 * The copy is changed where it lies, so it takes hardly longer than copying the file. The store,
 * and with it the system, stay as they are. A guest that GRUB starts is refused, because GRUB finds
 * its root by the UUID.
 *
 * Tested by: tests/image/clone.sh.
 */
#pragma once

#include "image/image_request.h"
#include "image_decision.h"
#include "verify/verify.h"

/* What a clone is made of, besides the decision. */
struct clone_image {
	struct image_decision *decision;   /* by image_decide_inputs */
	struct image_file file, boot_file; /* IMAGE_FILE_NONE before */
	struct manifest manifest;	   /* as far as the image tells it */
	struct image_request request;
	uint8_t first_sector[BOOT_SECTOR_BYTES];
};

/* Everything from the copy to the outputs' names. request.time_s is set. */
int clone_image_make(struct clone_image *clone, struct error *err) WARN_UNUSED;
