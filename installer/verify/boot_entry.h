/* SPDX-License-Identifier: MIT */
/*
 * boot_entry — what the default boot entry of an installed guest starts, as plain data.
 *
 * The verification of a boot loader fills it in; the files are then compared with those of the
 * store.
 *
 * Tested by: tests/qemu/stay_attached.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "guest/boot_files.h"

#define BOOT_ENTRY_INITRDS_MAX 8

struct boot_entry {
	bool known; /* false: only the firmware can start it, as a unified kernel image, or a device tree */
	char kernel[FILE_PATH_BYTES]; /* below the mounted target, as are the initrds */
	char initrds[BOOT_ENTRY_INITRDS_MAX]
		    [FILE_PATH_BYTES]; /* in the order in which they are loaded */
	size_t initrd_count;
	char command_line[sizeof(((struct boot_files *)NULL)->command_line)];
};
