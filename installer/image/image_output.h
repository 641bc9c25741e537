/* SPDX-License-Identifier: MIT */
/*
 * image_output — where a finished image goes: a new file, a blank block device or standard output,
 * as it is or as qcow2.
 *
 * A file gets its name in one step, and never that of a file which is there. qcow2 is written by
 * qemu-img of the host, which knows that format best. Nothing is written before image_output_write.
 *
 * Tested by: tests/image/output.sh.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "config/image_options.h"
#include "image/image_file.h"

struct image_output {
	const char *path; /* of a file or a block device; "-" is standard output */
	enum image_format format;
	int standard_output;   /* what was standard output when the program started */
	bool overwrite;	       /* a block device with content may be overwritten */
	bool is_device;	       /* set by image_output_check */
	uint64_t device_bytes; /* of a block device */
	char folder[4096];     /* where the image is made */
};

/* Looks at what is there, and sets what is said above. EXIT_NOT_BLANK for a file that exists and a
 * device with content, EXIT_NO_DISK for a device in use, EXIT_CONFIGURATION if qemu-img is
 * missing. */
int image_output_check(struct image_output *output, struct error *err) WARN_UNUSED;

/* Writes the image out and waits until the device has it. ret_sum: of what was written, as a
 * program reads it from there; NULL, and a file is not read for it. */
int image_output_write(const struct image_output *output, const struct image_file *image,
	uint64_t *ret_bytes, uint8_t ret_sum[SHA256_BYTES], struct error *err) WARN_UNUSED;
