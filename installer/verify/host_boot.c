/* SPDX-License-Identifier: MIT */
#include "verify/host_boot.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "verify/boot_options.h"
#include "verify/kernel_image.h"

#define KERNEL_MAX_BYTES (256 * 1024 * 1024)

int host_boot_check_initrd(const char *root, const struct boot_files *files, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct stat st;
	int r;

	if (!files->initrd[0])
		return 0;
	r = file_resolve(root, files->initrd, path, err);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return error_errno(err, -errno, "look at %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return error_set(err, -EBADMSG, "The initrd %s is empty or not a file.", path);
	return 0;
}

int host_boot_entry(const char *folder, const char *kernel, const char *initrd,
	const char *command_line, struct boot_entry *ret, struct error *err)
{
	int r = file_resolve(folder, kernel, ret->kernel, err);

	if (r < 0)
		return r;
	if (initrd[0])
		r = file_resolve(folder, initrd, ret->initrds[0], err);
	if (r < 0)
		return r;
	ret->initrd_count = initrd[0] ? 1 : 0;
	snprintf(ret->command_line, sizeof(ret->command_line), "%s", command_line);
	ret->known = true;
	return 0;
}

int host_boot_verify(const char *root, const struct plan *plan, const struct boot_files *files,
	struct boot_entry *ret, struct error *err)
{
	AUTO_FREE char *image = NULL;
	char path[FILE_PATH_BYTES];
	size_t size_bytes;
	int r = file_resolve(root, files->kernel, path, err);

	if (r < 0)
		return r;
	r = file_read(path, KERNEL_MAX_BYTES, &image, &size_bytes, err);
	if (r < 0)
		return r;
	r = kernel_image_check(path, (const uint8_t *)image, size_bytes, plan->architecture, err);
	if (r < 0)
		return r;
	r = host_boot_check_initrd(root, files, err);
	if (r < 0)
		return r;
	r = boot_options_check("The system's boot.json", files->command_line, plan, err);
	if (r < 0)
		return r;
	return host_boot_entry(root, files->kernel, files->initrd, files->command_line, ret, err);
}
