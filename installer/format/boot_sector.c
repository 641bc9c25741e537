/* SPDX-License-Identifier: MIT */
#include "format/boot_sector.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static int read_sector(int fd, uint8_t ret[BOOT_SECTOR_BYTES], struct error *err)
{
	ssize_t n = file_read_at(fd, ret, BOOT_SECTOR_BYTES, 0);

	if (n != BOOT_SECTOR_BYTES)
		return error_errno(err, n < 0 ? (int)n : -EIO, "read the disk's first sector");
	return 0;
}

static int write_sector(int fd, const uint8_t sector[BOOT_SECTOR_BYTES], struct error *err)
{
	int r = file_write_at(fd, sector, BOOT_SECTOR_BYTES, 0);

	return r < 0 ? error_errno(err, r, "write the disk's first sector") : 0;
}

static int flush_sector(int fd, struct error *err)
{
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "wait for the disk's first sector to be written");
	return 0;
}

int boot_sector_blank(struct boot_sector *boot_sector, int fd, struct error *err)
{
	static const uint8_t zeros[BOOT_SECTOR_BYTES];
	int r;

	if (boot_sector->blanked)
		return 0;
	r = read_sector(fd, boot_sector->sector, err);
	if (r < 0)
		return r;
	r = write_sector(fd, zeros, err);
	if (r < 0)
		return r;
	r = flush_sector(fd, err);
	if (r < 0)
		return r;
	boot_sector->blanked = true;
	return 0;
}

int boot_sector_restore(struct boot_sector *boot_sector, int fd, struct error *err)
{
	uint8_t found[BOOT_SECTOR_BYTES];
	int r;

	if (!boot_sector->blanked)
		return 0;
	r = write_sector(fd, boot_sector->sector, err);
	if (r < 0)
		return r;
	/* It may be on the disk also if the next call fails: it has to be blanked again then. */
	boot_sector->blanked = false;
	r = flush_sector(fd, err);
	if (r < 0)
		return r;
	/* From the device, not from the kernel's cache. */
	posix_fadvise(fd, 0, BOOT_SECTOR_BYTES, POSIX_FADV_DONTNEED);
	r = read_sector(fd, found, err);
	if (r < 0)
		return r;
	if (memcmp(found, boot_sector->sector, BOOT_SECTOR_BYTES) != 0)
		return error_set_code(err, EXIT_VERIFY, -EBADMSG,
			"The disk's first sector was written and has become another.");
	return 0;
}
