/* SPDX-License-Identifier: MIT */
/*
 * embedded_source — finds the area that is embedded in the ISO, and mounts the closure behind the
 * ISO.
 *
 * The area is a file of the ISO that the installer was started from. The initramfs of a netboot has
 * it in /etc. embedded parses its format; key_drive decides what its files mean.
 *
 * Tested by: tests/loop/embedded.sh, tests/qemu/customized_iso.sh.
 */
#pragma once

#include "base/error.h"
#include "input/embedded.h"
#include "input/key_drive.h"

/* Where the closure is mounted that was appended to the ISO; qemu/host/embed/closure_image.py knows
 * it, too. */
#define EMBEDDED_APPENDED_PATH "/run/guest-installer/appended"

struct embedded_source {
	char *area;		  /* from malloc; NULL if nothing is embedded */
	struct embedded embedded; /* points into area */
	struct key_drive files;
};

/* Reads the first area that there is, in /etc or on the ISO, and mounts what is appended. 1 if
 * something is embedded; 0 if not. A damaged area, and an ISO that is too short for what was
 * appended to it, are EXIT_CONFIGURATION. */
int embedded_source_read(struct embedded_source *ret, struct error *err) WARN_UNUSED;

/* The same for an area in a file, and nothing is mounted. */
int embedded_source_read_area(
	const char *path, struct embedded_source *ret, struct error *err) WARN_UNUSED;

void embedded_source_free(struct embedded_source *source);
