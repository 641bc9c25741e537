/* SPDX-License-Identifier: MIT */
/*
 * driver_line — decides whether the machine has a device for a driver.
 *
 * Pure. A line of /lib/modules/drivers describes one driver: the files of its dependencies and its
 * own, in load order, and the patterns of the devices that it is for. The patterns are those of
 * modules.alias (depmod(8)); a device matches as it does for udev, which loads a driver by the
 * attribute "modalias" of the device. iso/select-modules writes the lines.
 *
 * Tested by: tests/unit/test_driver_line.c, tests/fuzz/driver_line.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One word of a line: a file, such as "virtio_blk.ko", or a pattern, such as
 * "virtio:d00000002v*". */
struct driver_word {
	const char *text; /* not terminated */
	size_t length;
	bool is_file;
};

/* The next word at *position, which moves behind it; false at the end of the line. */
bool driver_line_next(const char **position, struct driver_word *ret_word);

/* Whether the line has no pattern, or one that matches the modalias of a device. */
bool driver_line_is_wanted(const char *line, char *const *modaliases, size_t count);
