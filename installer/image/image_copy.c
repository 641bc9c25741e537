/* SPDX-License-Identifier: MIT */
#include "image/image_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "image/qemu_img.h"

#define QCOW2_MAGIC "QFI\xfb" /* QEMU, docs/interop/qcow2.rst, "Header" */
#define COPY_BYTES  ((size_t)64 * 1024 * 1024)
#define PIECE_BYTES ((size_t)1024 * 1024)

/* -------------------------------------------------------- what the source is */

/* QEMU locks bytes of an image that it has open (QEMU, docs/system/images.rst, "Disk image file
 * locking"). */
static int check_not_locked(const char *path, int fd, struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EBUSY,
		"%s is in use by another program: shut its guest down first.", path);
}

int image_copy_check(const char *path, bool *ret_qcow2, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4] = "";
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -errno,
			"The image %s cannot be read: %s.", path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s is neither an image file nor a disk: name the image to copy.", path);
	if (file_read_at(fd, magic, sizeof(magic), 0) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -errno,
			"The image %s cannot be read: %s.", path, strerror(errno));
	*ret_qcow2 = memcmp(magic, QCOW2_MAGIC, sizeof(magic)) == 0;
	return check_not_locked(path, fd, err);
}

/* -------------------------------------------------------- copying */

static int copy_by_memory(int from, int to, off_t at, off_t end, struct error *err)
{
	AUTO_FREE uint8_t *piece = must_realloc(NULL, PIECE_BYTES, 1);

	while (at < end) {
		size_t left = (size_t)(end - at);
		ssize_t n = file_read_at(
			from, piece, left < PIECE_BYTES ? left : PIECE_BYTES, (uint64_t)at);
		int r;

		if (n <= 0)
			return error_errno_host(err, n < 0 ? (int)n : -EIO, "read the image");
		r = file_write_at(to, piece, (size_t)n, (uint64_t)at);
		if (r < 0)
			return error_errno_host(err, r, "copy the image");
		at += n;
	}
	return 0;
}

/* The kernel copies only between file systems that agree on it (copy_file_range(2), ERRORS). */
static bool kernel_cannot_copy(int code)
{
	return code == EXDEV || code == EOPNOTSUPP || code == ENOSYS || code == EINVAL;
}

/* From one hole to the next, within the kernel where it can. */
static int copy_data(int from, int to, off_t at, off_t end, struct error *err)
{
	off_t to_at = at;

	while (at < end) {
		size_t left = (size_t)(end - at);
		ssize_t n = copy_file_range(
			from, &at, to, &to_at, left < COPY_BYTES ? left : COPY_BYTES, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && kernel_cannot_copy(errno))
			return copy_by_memory(from, to, at, end, err);
		if (n <= 0)
			return error_errno_host(err, n < 0 ? -errno : -EIO, "copy the image");
	}
	return 0;
}

static int copy_all_data(int from, int to, off_t size_bytes, struct error *err)
{
	off_t at = 0, end;
	int r = 0;

	while (r == 0 && at < size_bytes) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : error_errno_host(err, -errno, "read the image");
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return error_errno_host(err, -errno, "read the image");
		r = copy_data(from, to, at, end, err);
		at = end;
	}
	return r;
}

static int copy_content(int from, int to, struct error *err)
{
	uint64_t size_bytes;
	struct stat st;

	if (fstat(from, &st) < 0)
		return error_errno_host(err, -errno, "read the image");
	if (S_ISBLK(st.st_mode)) {
		if (ioctl(from, BLKGETSIZE64, &size_bytes) < 0)
			return error_errno_host(err, -errno, "read the size of the image");
		/* A disk has no holes, and copy_file_range takes files alone. */
		return copy_by_memory(from, to, 0, (off_t)size_bytes, err);
	}
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	if (ftruncate(to, st.st_size) < 0)
		return error_errno_host(err, -errno, "copy the image");
	return copy_all_data(from, to, st.st_size, err);
}

int image_copy_make(
	const char *path, bool qcow2, const char *folder, struct image_file *ret, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno_host(err, -errno, "open %s", path);
	r = image_file_make(folder, 0, ret, err);
	if (r < 0)
		return r;
	r = qcow2 ? qemu_img_convert(path, "qcow2", ret->path, "raw", err)
		  : copy_content(fd, ret->fd, err);
	if (r < 0)
		image_file_drop(ret);
	return r;
}
