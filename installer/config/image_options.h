/* SPDX-License-Identifier: MIT */
/*
 * image_options — the options that belong to the command image alone: size, format, the second disk
 * and the image that is copied.
 *
 * Pure. options calls it; what is at the output is looked at by image_output.
 *
 * Tested by: tests/unit/test_image_options.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum image_format {
	IMAGE_BY_NAME, /* qcow2 if the output's name ends so, else raw */
	IMAGE_RAW,
	IMAGE_QCOW2,
};

struct image_options {
	uint64_t size_bytes; /* 0: not given */
	bool shrink;
	enum image_format format;
	const char *boot_output; /* NULL: none */
	const char *from;	 /* the image that is copied; NULL: one is made */
};

/* Each sets one from its text. -EINVAL with EXIT_CONFIGURATION. */
int image_options_set_size(
	struct image_options *options, const char *text, struct error *err) WARN_UNUSED;
int image_options_set_format(
	struct image_options *options, const char *text, struct error *err) WARN_UNUSED;

/* Checks whether they go together, and sets a format that was not given. is_image: they belong to
 * this command; to another one none may be given. */
int image_options_check(struct image_options *options, bool is_image, const char *output,
	struct error *err) WARN_UNUSED;
