/* SPDX-License-Identifier: MIT */
#include "image/image_output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "disk/probe.h"
#include "image/qemu_img.h"

#define PIECE_BYTES ((size_t)1024 * 1024)

static bool is_standard_output(const struct image_output *output)
{
	return strcmp(output->path, "-") == 0;
}

/* -------------------------------------------------------- what is there */

static int refuse_content(const char *path, const char *what, struct error *err)
{
	return error_set_code(err, EXIT_NOT_BLANK, -EEXIST,
		"%s has %s: name another disk, or set wipe to force, which destroys what is there.",
		path, what);
}

static int check_device_is_blank(const struct image_output *output, struct error *err)
{
	AUTO_FREE struct disk *disk = must_realloc(NULL, 1, sizeof(*disk));
	int r;

	memset(disk, 0, sizeof(*disk));
	if (text_copy(disk->path, sizeof(disk->path), output->path) < 0)
		return error_errno_host(err, -ENAMETOOLONG, "read %s", output->path);
	disk->size_bytes = output->device_bytes;
	disk->sector_bytes = SECTOR_BYTES;
	r = probe_content(disk, err);
	if (r < 0)
		return r;
	if (disk->unreadable[0])
		return error_set_code(err, EXIT_NOT_BLANK, -EIO, "%s cannot be read: %s.",
			output->path, disk->unreadable);
	if (disk->table[0])
		return refuse_content(output->path, "a partition table", err);
	if (disk->signature[0])
		return refuse_content(output->path, disk->signature, err);
	if (disk->nonzero || disk->start_count)
		return refuse_content(output->path, "data", err);
	return 0;
}

/* The kernel reads a partition table in the sectors of its device. */
static int check_sectors(int fd, const char *path, struct error *err)
{
	int sector_bytes;

	if (ioctl(fd, BLKSSZGET, &sector_bytes) < 0)
		return error_errno_host(err, -errno, "read the size of the sectors of %s", path);
	if (sector_bytes == SECTOR_BYTES)
		return 0;
	return error_set_code(err, EXIT_NO_DISK, -EINVAL,
		"%s has sectors of %d bytes, and the partition table of an image is for sectors of %d: name a disk with such sectors, or install the guest in a machine, from the installer's ISO.",
		path, sector_bytes, SECTOR_BYTES);
}

/* O_EXCL fails while the device or a partition of it is mounted or held (open(2)). */
static int check_output_device(struct image_output *output, struct error *err)
{
	AUTO_CLOSE int fd = open(output->path, O_RDWR | O_EXCL | O_CLOEXEC);
	const char *temporary = getenv("TMPDIR");
	int r;

	if (fd < 0 && errno == EBUSY)
		return error_set_code(err, EXIT_NO_DISK, -EBUSY,
			"%s is in use: unmount it, and what lies on its partitions.", output->path);
	if (fd < 0)
		return error_errno_host(err, -errno, "open %s", output->path);
	r = check_sectors(fd, output->path, err);
	if (r < 0)
		return r;
	if (ioctl(fd, BLKGETSIZE64, &output->device_bytes) < 0)
		return error_errno_host(err, -errno, "read the size of %s", output->path);
	snprintf(output->folder, sizeof(output->folder), "%s",
		temporary && temporary[0] == '/' ? temporary : "/var/tmp");
	output->is_device = true;
	return output->overwrite ? 0 : check_device_is_blank(output, err);
}

/* The image is made beside its final name, so that it can get it by a link. */
static int check_new_file(struct image_output *output, struct error *err)
{
	const char *name = file_base_name(output->path);

	if (!*name)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s is no name of a file: say how the image shall be called.",
			output->path);
	if (name == output->path)
		snprintf(output->folder, sizeof(output->folder), ".");
	else
		snprintf(output->folder, sizeof(output->folder), "%.*s", (int)(name - output->path),
			output->path);
	if (access(output->folder, W_OK | X_OK) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -errno,
			"No file can be made in the folder of %s: %s.", output->path,
			strerror(errno));
	return 0;
}

static int check_place(struct image_output *output, struct error *err)
{
	const char *temporary = getenv("TMPDIR");
	struct stat st;

	if (is_standard_output(output)) {
		snprintf(output->folder, sizeof(output->folder), "%s",
			temporary && temporary[0] == '/' ? temporary : "/var/tmp");
		if (isatty(output->standard_output))
			return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
				"Standard output is a terminal: send the image to a file or to another program.");
		return 0;
	}
	if (stat(output->path, &st) == 0 && S_ISBLK(st.st_mode))
		return check_output_device(output, err);
	if (lstat(output->path, &st) == 0)
		return error_set_code(err, EXIT_NOT_BLANK, -EEXIST,
			"%s exists already, and an image replaces no file: remove it, or choose another name.",
			output->path);
	return check_new_file(output, err);
}

int image_output_check(struct image_output *output, struct error *err)
{
	int r = check_place(output, err);

	if (r < 0)
		return r;
	if (output->format != IMAGE_QCOW2)
		return 0;
	if (output->is_device)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s is a block device, which holds a raw image: leave qcow2 out.",
			output->path);
	return qemu_img_check(err);
}

/* -------------------------------------------------------- copying */

/* What becomes of a piece of the image at this offset. */
typedef int take_piece_fn(int to, const uint8_t *piece, size_t size_bytes, uint64_t at_bytes);

/* A pipe takes no offset. */
static int send_piece(int to, const uint8_t *piece, size_t size_bytes, uint64_t at_bytes)
{
	(void)at_bytes;
	return file_write_all(to, piece, size_bytes);
}

static int write_piece_at(int to, const uint8_t *piece, size_t size_bytes, uint64_t at_bytes)
{
	return file_write_at(to, piece, size_bytes, at_bytes);
}

/* A file is sparse where the image is. */
static int write_data_at(int to, const uint8_t *piece, size_t size_bytes, uint64_t at_bytes)
{
	return bytes_are_zero(piece, size_bytes) ? 0
						 : file_write_at(to, piece, size_bytes, at_bytes);
}

static int only_sum(int to, const uint8_t *piece, size_t size_bytes, uint64_t at_bytes)
{
	(void)to, (void)piece, (void)size_bytes, (void)at_bytes;
	return 0;
}

/* How many bytes from here on are a hole, which need not be read; at most a piece. */
static size_t hole_bytes(int fd, uint64_t at_bytes, uint64_t size_bytes)
{
	off_t data = lseek(fd, (off_t)at_bytes, SEEK_DATA);
	uint64_t end = data >= 0 ? (uint64_t)data : errno == ENXIO ? size_bytes : at_bytes;

	return end - at_bytes < PIECE_BYTES ? (size_t)(end - at_bytes) : PIECE_BYTES;
}

/* Reads a file piece by piece, passes each on, and computes the sum of all unless ret_sum is
 * NULL. */
static int pass_on(int from, take_piece_fn *take, int to, uint64_t *ret_bytes,
	uint8_t ret_sum[SHA256_BYTES], struct error *err)
{
	AUTO_FREE uint8_t *zeros = must_realloc(NULL, PIECE_BYTES, 1);
	AUTO_FREE uint8_t *piece = must_realloc(NULL, PIECE_BYTES, 1);
	CLEANUP(digest_free) struct digest *digest = ret_sum ? digest_new() : NULL;
	uint64_t at_bytes = 0;
	struct stat st;

	memset(zeros, 0, PIECE_BYTES);
	if (fstat(from, &st) < 0)
		return error_errno_host(err, -errno, "read the image");
	while (at_bytes < (uint64_t)st.st_size) {
		ssize_t n = (ssize_t)hole_bytes(from, at_bytes, (uint64_t)st.st_size);
		const uint8_t *bytes = n > 0 ? zeros : piece;
		int r;

		if (n == 0)
			n = file_read_at(from, piece, PIECE_BYTES, at_bytes);
		if (n <= 0)
			return error_errno_host(err, n < 0 ? (int)n : -EIO, "read the image");
		if (digest)
			digest_update(digest, bytes, (size_t)n);
		r = take(to, bytes, (size_t)n, at_bytes);
		if (r < 0)
			return error_errno(err, r, "write the image");
		at_bytes += (uint64_t)n;
	}
	if (digest) {
		digest_finish(digest, ret_sum);
		digest = NULL;
	}
	*ret_bytes = at_bytes;
	return 0;
}

/* Zeros are written too: what a blank device was found to hold is a sample of it. */
static int write_device(const struct image_output *output, const struct image_file *image,
	uint64_t *ret_bytes, uint8_t ret_sum[SHA256_BYTES], struct error *err)
{
	AUTO_CLOSE int fd = open(output->path, O_RDWR | O_EXCL | O_CLOEXEC);
	int r;

	if (fd < 0)
		return error_errno_host(err, -errno, "open %s", output->path);
	r = pass_on(image->fd, write_piece_at, fd, ret_bytes, ret_sum, err);
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "wait until %s has the image", output->path);
	/* Only root may ask for it; others attach the disk anew. */
	(void)!ioctl(fd, BLKRRPART);
	return 0;
}

/* -------------------------------------------------------- a name */

static int refuse_name(const struct image_output *output, int r, struct error *err)
{
	if (r == -EEXIST)
		return error_set_code(err, EXIT_NOT_BLANK, r,
			"%s has come to exist meanwhile, and an image replaces no file: remove it, or choose another name.",
			output->path);
	return error_errno_host(err, r, "give the image its name %s", output->path);
}

static int copy_to_file(const char *name, int fd, const struct image_file *file, struct error *err)
{
	uint64_t size_bytes;
	int r = pass_on(file->fd, write_data_at, fd, &size_bytes, NULL, err);

	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)size_bytes) < 0 || fsync(fd) < 0)
		return error_errno(err, -errno, "write %s", name);
	return 0;
}

/* A file without a name that cannot be linked is copied to one that can. */
static int copy_to_name(
	const struct image_output *output, const struct image_file *file, struct error *err)
{
	char name[FILE_PATH_BYTES];
	AUTO_CLOSE int fd = -1;
	int r;

	file_below(name, output->folder, "/.guest-installer-XXXXXX");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return error_errno_host(err, -errno, "create a file in %s", output->folder);
	r = copy_to_file(name, fd, file, err);
	if (r == 0 && link(name, output->path) < 0)
		r = refuse_name(output, -errno, err);
	unlink(name);
	return r;
}

/* A name that a power cut may take back is removed: a failure leaves no image. */
static int keep_name(const struct image_output *output, int folder, struct error *err)
{
	int r;

	if (fsync(folder) == 0)
		return 0;
	r = -errno;
	unlink(output->path);
	return error_errno(err, r, "wait until the name %s is written", output->path);
}

static int give_name(
	const struct image_output *output, const struct image_file *file, struct error *err)
{
	AUTO_CLOSE int folder = open(output->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (folder < 0)
		return error_errno_host(err, -errno, "open the folder %s", output->folder);
	if (fsync(file->fd) < 0)
		return error_errno(err, -errno, "wait until the image is written");
	if (!file->linkable)
		r = copy_to_name(output, file, err);
	else if (linkat(AT_FDCWD, file->path, AT_FDCWD, output->path, AT_SYMLINK_FOLLOW) < 0)
		r = refuse_name(output, -errno, err);
	if (r < 0)
		return r;
	return keep_name(output, folder, err);
}

/* -------------------------------------------------------- formats */

static int read_image_size(int fd, uint64_t *ret, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno_host(err, -errno, "read the image");
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int write_as_it_is(const struct image_output *output, const struct image_file *image,
	uint64_t *ret_bytes, uint8_t ret_sum[SHA256_BYTES], struct error *err)
{
	int r;

	if (is_standard_output(output))
		return pass_on(
			image->fd, send_piece, output->standard_output, ret_bytes, ret_sum, err);
	if (output->is_device)
		return write_device(output, image, ret_bytes, ret_sum, err);
	r = ret_sum ? pass_on(image->fd, only_sum, -1, ret_bytes, ret_sum, err)
		    : read_image_size(image->fd, ret_bytes, err);
	if (r < 0)
		return r;
	return give_name(output, image, err);
}

int image_output_write(const struct image_output *output, const struct image_file *image,
	uint64_t *ret_bytes, uint8_t ret_sum[SHA256_BYTES], struct error *err)
{
	CLEANUP(image_file_drop) struct image_file converted = IMAGE_FILE_NONE;
	int r;

	if (output->format != IMAGE_QCOW2)
		return write_as_it_is(output, image, ret_bytes, ret_sum, err);
	r = image_file_make(output->folder, 0, &converted, err);
	if (r < 0)
		return r;
	r = qemu_img_convert(image->path, "raw", converted.path, "qcow2", err);
	if (r < 0)
		return r;
	return write_as_it_is(output, &converted, ret_bytes, ret_sum, err);
}
