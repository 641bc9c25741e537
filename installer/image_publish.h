/* SPDX-License-Identifier: MIT */
/*
 * image_publish — the last step of an image: the marks of a finished install, then the names of its
 * files.
 *
 * Tested by: tests/image/output.sh, tests/image/clone.sh.
 */
#pragma once

#include <stdbool.h>

#include "image/image_file.h"
#include "image_decision.h"

/* Reports sizes, and with_sum SHA-256 sums, as results. boot_file: its descriptor is -1 unless the
 * layout has two disks. */
int image_publish(const struct image_decision *decision, const struct image_file *file,
	const struct image_file *boot_file, bool with_sum, struct error *err) WARN_UNUSED;
