/* SPDX-License-Identifier: MIT */
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cleanup.h"

static int read_size(int fd, uint64_t *ret_bytes)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode)) {
		*ret_bytes = (uint64_t)st.st_size;
		return 0;
	}
	return ioctl(fd, BLKGETSIZE64, ret_bytes) < 0 ? -errno : 0;
}

static int check_size(int fd, const struct plan *plan, struct error *err)
{
	uint64_t size_bytes = 0;
	int r = read_size(fd, &size_bytes);

	if (r < 0)
		return error_errno(err, r, "read the size of %s", plan->disk_path);
	if (size_bytes != plan->disk_bytes)
		return error_set(err, -ESTALE,
			"%s had %llu bytes when it was chosen and has %llu now.", plan->disk_path,
			(unsigned long long)plan->disk_bytes, (unsigned long long)size_bytes);
	return 0;
}

int claim_take(const struct plan *plan, struct claim *ret, struct error *err)
{
	int flags = O_RDWR | O_CLOEXEC;
	AUTO_CLOSE int exclusive = open(plan->disk_path, flags | (plan->image_file ? 0 : O_EXCL));
	AUTO_CLOSE int lock = -1;
	int r;

	if (exclusive < 0)
		return error_errno(err, -errno, "open %s for writing", plan->disk_path);
	lock = open(plan->disk_path, flags);
	if (lock < 0)
		return error_errno(err, -errno, "open %s for writing", plan->disk_path);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return error_errno(err, -errno, "lock %s against other programs", plan->disk_path);
	r = check_size(lock, plan, err);
	if (r < 0)
		return r;
	ret->exclusive_fd = steal_fd(&exclusive);
	ret->lock_fd = steal_fd(&lock);
	return 0;
}

int claim_open_up(struct claim *claim, struct error *err)
{
	int r = claim_flush(claim, err);

	if (r < 0)
		return r;
	if (close(steal_fd(&claim->exclusive_fd)) < 0)
		return error_errno(err, -errno, "give the disk back to the kernel");
	return 0;
}

int claim_flush(const struct claim *claim, struct error *err)
{
	if (fsync(claim->lock_fd) < 0)
		return error_errno(err, -errno, "write the disk's cache out");
	/* An image file has no second cache: ENOTTY. */
	if (ioctl(claim->lock_fd, BLKFLSBUF, 0) < 0 && errno != ENOTTY)
		return error_errno(err, -errno, "drop the kernel's cache of the disk");
	return 0;
}

int claim_mark(const struct claim *claim, const struct plan *plan, const struct mark *mark,
	struct error *err)
{
	int r = claim_flush(claim, err);

	if (r < 0)
		return r;
	return mark_write(claim->lock_fd, plan->partitions[plan->root].offset_bytes, mark, err);
}

void claim_drop(struct claim *claim)
{
	if (claim->exclusive_fd >= 0)
		close(steal_fd(&claim->exclusive_fd));
	if (claim->lock_fd >= 0)
		close(steal_fd(&claim->lock_fd));
}
