/* SPDX-License-Identifier: MIT */
/*
 * kexec — loads a kernel that the running one starts instead of a reboot.
 *
 * The running kernel decides whether it may: it refuses if it has no kexec_file_load(2), if the
 * sysctl kernel.kexec_load_disabled is set, or if it is locked down and the kernel is not signed.
 * Which kernel is loaded is decided by the caller; supervise starts it.
 *
 * Tested by: tests/qemu/stay_attached.sh.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/file.h"

struct kexec_image {
	const char *kernel; /* path; the running kernel says which formats it starts */
	const char (
		*initrds)[FILE_PATH_BYTES]; /* paths; the kernel gets them joined, in this order */
	size_t initrd_count;
	const char *command_line;
};

/* The files are read here: afterwards their file system may be unmounted. */
int kexec_load(const struct kexec_image *image, struct error *err) WARN_UNUSED;
