/* SPDX-License-Identifier: MIT */
#include "format/disk_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

/* ext4's (Linux, Documentation/filesystems/ext4/, "Super Block"). */
#define SUPERBLOCK_OFFSET 1024
#define SUPERBLOCK_BYTES  1024

static void descriptor_path(int fd, char ret[DISK_OPEN_PATH_BYTES])
{
	snprintf(ret, DISK_OPEN_PATH_BYTES, "/proc/self/fd/%d", fd);
}

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

static int check_disk_size(int fd, const char *path, uint64_t planned_bytes, struct error *err)
{
	uint64_t size_bytes = 0;
	int r = read_size(fd, &size_bytes);

	if (r < 0)
		return error_errno(err, r, "read the size of %s", path);
	if (size_bytes != planned_bytes)
		return error_set(err, -ESTALE,
			"%s had %llu bytes when it was chosen and has %llu now, so another program has changed its size: stop that program and start again.",
			path, (unsigned long long)planned_bytes, (unsigned long long)size_bytes);
	return 0;
}

/* A node is another one if it leads to another device, whatever its inode. */
static bool is_same_disk(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int check_locked(int fd, const char *path, uint64_t planned_bytes, struct error *err)
{
	struct stat locked, named;
	int r;

	if (fstat(fd, &locked) < 0)
		return error_errno(err, -errno, "look at the locked disk %s", path);
	r = stat(path, &named) < 0 ? -errno : 0;
	if (r < 0 && !file_is_missing(r))
		return error_errno(err, r, "look at %s", path);
	if (r < 0)
		return error_set(err, -ESTALE,
			"%s was removed or renamed while the guest was installed on it (%s): stop the program that did so and start again.",
			path, strerror(-r));
	if (!is_same_disk(&locked, &named))
		return error_set(err, -ESTALE,
			"%s was replaced while the guest was installed on it, and what has that name now was not written to: stop the program that did so and start again.",
			path);
	return check_disk_size(fd, path, planned_bytes, err);
}

int disk_lock_check(const struct disk_lock *lock, const struct plan *plan, struct error *err)
{
	int r = check_locked(lock->lock_fd, plan->disk_path, plan->disk_bytes, err);

	if (r < 0)
		return r;
	if (lock->boot_lock_fd >= 0)
		return check_locked(
			lock->boot_lock_fd, plan->boot_disk_path, plan->boot_disk_bytes, err);
	return 0;
}

/* Other installers lock as we do, QEMU locks single bytes of its image files (fcntl(2), "Open file
 * description locks"). */
static int lock(int fd, const char *path, bool image_file, struct error *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		(!image_file || fcntl(fd, F_OFD_SETLK, &whole) == 0))
		return 0;
	if (errno == EWOULDBLOCK || errno == EACCES)
		return error_set_code(err, EXIT_NO_DISK, -EBUSY,
			"%s is in use by another program, which holds a lock on it: wait until it "
			"has ended.",
			path);
	return error_errno(err, -errno, "lock %s against other programs", path);
}

/* Opens the disk twice, once for each lock: the second open is of the first descriptor's disk, not
 * of whatever has the name by then. */
static int lock_disk(const char *path, uint64_t size_bytes, bool image_file, int *ret_lock,
	int *ret_exclusive, struct error *err)
{
	int flags = O_RDWR | O_CLOEXEC;
	AUTO_CLOSE int exclusive = open(path, flags | (image_file ? 0 : O_EXCL));
	AUTO_CLOSE int locked = -1;
	char own_path[DISK_OPEN_PATH_BYTES];
	int r;

	if (exclusive < 0)
		return error_errno(err, -errno, "open %s for writing", path);
	descriptor_path(exclusive, own_path);
	locked = open(own_path, flags);
	if (locked < 0)
		return error_errno(err, -errno, "open %s for writing", path);
	r = lock(locked, path, image_file, err);
	if (r < 0)
		return r;
	r = check_locked(locked, path, size_bytes, err);
	if (r < 0)
		return r;
	*ret_exclusive = steal_fd(&exclusive);
	*ret_lock = steal_fd(&locked);
	return 0;
}

int disk_lock_take(struct plan *plan, struct disk_lock *ret, struct error *err)
{
	int r = lock_disk(plan->disk_path, plan->disk_bytes, plan->image_file, &ret->lock_fd,
		&ret->exclusive_fd, err);

	if (r == 0 && plan->boot_disk_path[0])
		r = lock_disk(plan->boot_disk_path, plan->boot_disk_bytes, plan->image_file,
			&ret->boot_lock_fd, &ret->boot_exclusive_fd, err);
	if (r < 0) {
		disk_lock_release(ret);
		return r;
	}
	descriptor_path(ret->lock_fd, plan->open_path);
	if (ret->boot_lock_fd >= 0)
		descriptor_path(ret->boot_lock_fd, plan->boot_open_path);
	return 0;
}

int disk_lock_release_exclusive(struct disk_lock *lock, struct error *err)
{
	int r = disk_lock_flush(lock, err);

	if (r < 0)
		return r;
	if (close(steal_fd(&lock->exclusive_fd)) < 0 ||
		(lock->boot_exclusive_fd >= 0 && close(steal_fd(&lock->boot_exclusive_fd)) < 0))
		return error_errno(err, -errno, "close the exclusive open of the disk");
	return 0;
}

static int flush(int fd, struct error *err)
{
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "write the disk's cache out");
	/* An image file has no second cache: ENOTTY. */
	if (ioctl(fd, BLKFLSBUF, 0) < 0 && errno != ENOTTY)
		return error_errno(err, -errno, "drop the kernel's cache of the disk");
	return 0;
}

int disk_lock_flush(const struct disk_lock *lock, struct error *err)
{
	int r = lock->boot_lock_fd < 0 ? 0 : flush(lock->boot_lock_fd, err);

	if (r < 0)
		return r;
	return flush(lock->lock_fd, err);
}

int disk_lock_blank_boot_sector(struct disk_lock *lock, struct error *err)
{
	return lock->boot_lock_fd < 0 ? boot_sector_blank(&lock->boot_sector, lock->lock_fd, err)
				      : 0;
}

void disk_lock_invalidate_boot_fs(const struct disk_lock *lock)
{
	static const char zeros[SUPERBLOCK_BYTES];
	int r;

	if (lock->boot_lock_fd < 0)
		return;
	r = file_write_at(lock->boot_lock_fd, zeros, sizeof(zeros), SUPERBLOCK_OFFSET);
	if (r == 0 && fsync(lock->boot_lock_fd) < 0)
		r = -errno;
	if (r < 0)
		log_line("disk: the boot file system could not be erased: %s", strerror(-r));
}

/* The boot disk, if there is one, holds one file system, which is the plan's first. */
int disk_lock_write_mark(const struct disk_lock *lock, const struct plan *plan,
	enum install_mark_state state, struct error *err)
{
	struct install_mark mark;
	int r = disk_lock_flush(lock, err);

	if (r < 0)
		return r;
	if (lock->boot_lock_fd >= 0) {
		plan_install_mark(plan, 0, state, &mark);
		r = install_mark_write(lock->boot_lock_fd, 0, &mark, err);
	}
	if (r < 0)
		return r;
	plan_install_mark(plan, plan->root, state, &mark);
	return install_mark_write(
		lock->lock_fd, plan->partitions[plan->root].offset_bytes, &mark, err);
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(steal_fd(fd));
}

void disk_lock_release(struct disk_lock *lock)
{
	drop(&lock->exclusive_fd);
	drop(&lock->lock_fd);
	drop(&lock->boot_exclusive_fd);
	drop(&lock->boot_lock_fd);
}
