/* SPDX-License-Identifier: MIT */
#include "init/kexec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Of each archive (Linux, Documentation/driver-api/early-userspace/buffer-format). */
#define INITRD_ALIGNMENT 4

static int open_image_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? error_errno(err, -errno, "open %s", path) : fd;
}

/* Appends a file, and zeros up to the place of the next one. */
static int append_initrd(int to, const char *path, struct error *err)
{
	AUTO_CLOSE int from = open_image_file(path, err);
	struct stat st;
	off_t end;
	ssize_t n;

	if (from < 0)
		return from;
	if (fstat(from, &st) < 0)
		return error_errno(err, -errno, "look at %s", path);
	for (off_t left = st.st_size; left > 0; left -= n) {
		n = sendfile(to, from, NULL, (size_t)left);
		if (n <= 0)
			return error_errno(err, n < 0 ? -errno : -EIO, "read %s", path);
	}
	end = lseek(to, 0, SEEK_CUR);
	end = (end + INITRD_ALIGNMENT - 1) / INITRD_ALIGNMENT * INITRD_ALIGNMENT;
	if (ftruncate(to, end) < 0 || lseek(to, end, SEEK_SET) < 0)
		return error_errno(err, -errno, "join the initrds");
	return 0;
}

/* All initrds as one file in memory. The kernel loads no file that is open for writing, so it is
 * opened a second time. */
static int join_initrds(const struct kexec_image *image, struct error *err)
{
	AUTO_CLOSE int joined = memfd_create("initrd", MFD_CLOEXEC);
	char path[32];

	if (joined < 0)
		return error_errno(err, -errno, "join the initrds");
	for (size_t i = 0; i < image->initrd_count; i++) {
		int r = append_initrd(joined, image->initrds[i], err);

		if (r < 0)
			return r;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", joined);
	return open_image_file(path, err);
}

static int open_initrd(const struct kexec_image *image, struct error *err)
{
	return image->initrd_count == 1 ? open_image_file(image->initrds[0], err)
					: join_initrds(image, err);
}

int kexec_load(const struct kexec_image *image, struct error *err)
{
	AUTO_CLOSE int kernel = open_image_file(image->kernel, err);
	AUTO_CLOSE int initrd = -1;
	unsigned long flags = image->initrd_count ? 0 : KEXEC_FILE_NO_INITRAMFS;

	if (kernel < 0)
		return kernel;
	if (image->initrd_count)
		initrd = open_initrd(image, err);
	if (image->initrd_count && initrd < 0)
		return initrd;
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(image->command_line) + 1,
		    image->command_line, flags) < 0)
		return error_errno(err, -errno, "kexec_file_load %s", image->kernel);
	return 0;
}
