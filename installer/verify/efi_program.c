/* SPDX-License-Identifier: MIT */
#include "verify/efi_program.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "verify/pe_sections.h"

#define START_BYTES 4096 /* the header is behind a stub for DOS of some bytes */

static int read_start(
	const char *root, const char *name, uint8_t *ret, size_t *ret_bytes, struct error *err)
{
	char path[FILE_PATH_BYTES];
	AUTO_CLOSE int fd = -1;
	ssize_t n;
	int r = file_resolve(root, name, path, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	n = file_read_at(fd, ret, START_BYTES, 0);
	if (n < 0)
		return error_errno(err, (int)n, "read %s", path);
	*ret_bytes = (size_t)n;
	return 0;
}

int efi_program_check(const char *root, const char *name, const struct architecture *architecture,
	struct error *err)
{
	uint8_t start[START_BYTES];
	size_t size_bytes = 0;
	uint16_t machine;
	int r = read_start(root, name, start, &size_bytes, err);

	if (r < 0)
		return r;
	r = pe_sections_machine(name, start, size_bytes, &machine, err);
	if (r < 0)
		return r;
	if (machine != architecture->pe_machine)
		return error_set(err, -EBADMSG,
			"%s is an EFI program for another architecture than %s.", name,
			architecture->name);
	return 0;
}

int efi_program_check_kernel(const char *root, const char *name,
	const struct architecture *architecture, struct error *err)
{
	int r = efi_program_check(root, name, architecture, err);

	if (r == -EBADMSG)
		error_wrap(err,
			"UEFI cannot start the kernel, which has to be built with CONFIG_EFI_STUB for %s",
			architecture->name);
	return r;
}
