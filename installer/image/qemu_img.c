/* SPDX-License-Identifier: MIT */
#include "image/qemu_img.h"

#include <errno.h>

#include "base/process.h"

#define PROGRAM_BYTES 512

static int find_qemu_img(char ret[PROGRAM_BYTES], struct error *err)
{
	if (process_find_program("qemu-img", ret, PROGRAM_BYTES) == 0)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
		"An image of the format qcow2 is read and written by qemu-img, which is not in PATH: install it (Debian: qemu-utils), or use a raw image.");
}

int qemu_img_check(struct error *err)
{
	char program[PROGRAM_BYTES];

	return find_qemu_img(program, err);
}

int qemu_img_convert(const char *from, const char *from_format, const char *to,
	const char *to_format, struct error *err)
{
	char program[PROGRAM_BYTES];
	const char *const argv[] = { program, "convert", "-f", from_format, "-O", to_format, from,
		to, NULL };
	const struct process child = { .argv = argv };
	int r = find_qemu_img(program, err);

	if (r < 0)
		return r;
	return process_run(&child, err);
}
