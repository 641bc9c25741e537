/* SPDX-License-Identifier: MIT */
#include "format/partition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "disk/install_mark.h"
#include "disk/names.h"
#include "disk/probe.h"
#include "format/partition_table.h"

#define WIPE_BYTES MIB
#define DEADLINE_S 10
#define PAUSE_NS   20000000L /* 20 ms */

static int write_zeros(int fd, uint64_t offset_bytes, uint64_t size_bytes, struct error *err)
{
	static const char zeros[64 * 1024];

	while (size_bytes > 0) {
		size_t wanted = size_bytes < sizeof(zeros) ? size_bytes : sizeof(zeros);
		int r = file_write_at(fd, zeros, wanted, offset_bytes);

		if (r < 0)
			return error_errno(err, r, "erase the %zu bytes at offset %llu", wanted,
				(unsigned long long)offset_bytes);
		offset_bytes += wanted;
		size_bytes -= wanted;
	}
	return 0;
}

/* An old file system would show up again in the partition that now begins there. The root keeps
 * its boot block, in which the mark says that the disk is ours. */
static int wipe_partition_start(const struct plan *plan, size_t index, int fd, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	uint64_t keep = index == plan->root ? MARK_BYTES : 0;
	uint64_t size = part->size_bytes < WIPE_BYTES ? part->size_bytes : WIPE_BYTES;

	return write_zeros(fd, part->offset_bytes + keep, size - keep, err);
}

/* Marks where other layouts would have their root; this plan's own stays. */
static int wipe_other_marks(uint64_t own, uint64_t disk_bytes, int fd, struct error *err)
{
	for (int layout = LAYOUT_AUTO + 1; layout < LAYOUT_COUNT; layout++) {
		uint64_t other = layout_root_offset_bytes((enum layout)layout);
		int r;

		if (other == own || other + MARK_BYTES > disk_bytes)
			continue;
		r = write_zeros(fd, other, MARK_BYTES, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What lies at the end (a backup GPT), marks elsewhere, and whatever else libblkid knows to find.
 */
static int wipe_rest(uint64_t own_mark, uint64_t disk_bytes, int fd, struct error *err)
{
	uint64_t end = disk_bytes < WIPE_BYTES ? disk_bytes : WIPE_BYTES;
	int r = wipe_other_marks(own_mark, disk_bytes, fd, err);

	if (r < 0)
		return r;
	r = write_zeros(fd, disk_bytes - end, end, err);
	if (r < 0)
		return r;
	r = probe_wipe(fd, 0, disk_bytes, err);
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "wait for the disk");
	return 0;
}

/* An older guest must not be started once anything that it needs is gone. */
static int wipe_boot_sector(int fd, struct error *err)
{
	int r = write_zeros(fd, 0, BOOT_SECTOR_BYTES, err);

	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "wait for the disk's first sector to be erased");
	return 0;
}

/* Everything that could be taken for content later: what lies before the first partition (an old
 * table, an old boot loader), at the starts of the partitions, and the rest. */
static int wipe(const struct plan *plan, int fd, struct error *err)
{
	int r = wipe_boot_sector(fd, err);

	if (r < 0)
		return r;
	r = write_zeros(fd, 0, plan->partitions[0].offset_bytes, err);
	for (size_t i = 0; r == 0 && i < plan->partition_count; i++)
		r = wipe_partition_start(plan, i, fd, err);
	if (r < 0)
		return r;
	return wipe_rest(plan->partitions[plan->root].offset_bytes, plan->disk_bytes, fd, err);
}

static void start_deadline(struct timespec *ret)
{
	clock_gettime(CLOCK_MONOTONIC, ret);
	ret->tv_sec += DEADLINE_S;
}

/* Waits a moment; false once the deadline has passed. */
static bool wait_before(const struct timespec *deadline)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > deadline->tv_sec ||
		(now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec))
		return false;
	nanosleep(&pause, NULL);
	return true;
}

/* EBUSY may be transient: udev or a desktop reads a partition that has just appeared. */
static int reread(int fd, const struct timespec *deadline, struct error *err)
{
	while (ioctl(fd, BLKRRPART) < 0) {
		int r = -errno;

		if (r == -EBUSY && wait_before(deadline))
			continue;
		if (r == -EBUSY)
			return error_set(err, r,
				"the kernel does not read the new partition table because an old "
				"partition of the disk is still mounted or held; free it and start "
				"again");
		return error_errno(err, r, "have the kernel read the new partition table");
	}
	return 0;
}

static bool node_is_ready(const char *path, uint64_t size_bytes)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t found_bytes;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) &&
	       ioctl(fd, BLKGETSIZE64, &found_bytes) == 0 && found_bytes == size_bytes;
}

/* After a re-install the old nodes are there at first, so only the right size tells. */
static int wait_for_nodes(
	const struct plan *plan, const struct timespec *deadline, struct error *err)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		uint64_t size_bytes = plan->partitions[i].size_bytes;
		char path[128];

		plan_partition_node(plan, i, path);
		while (!node_is_ready(path, size_bytes)) {
			if (!wait_before(deadline))
				return error_set(err, -ETIMEDOUT,
					"%s with %llu bytes did not appear within %d seconds after "
					"the kernel had read the new partition table",
					path, (unsigned long long)size_bytes, DEADLINE_S);
		}
	}
	return 0;
}

static int tell_kernel(const struct plan *plan, int fd, struct error *err)
{
	struct timespec deadline;
	int r;

	start_deadline(&deadline);
	r = reread(fd, &deadline, err);
	if (r < 0)
		return r;
	r = wait_for_nodes(plan, &deadline, err);
	if (r < 0)
		return r;
	/* Partitions have page caches of their own: what the whole disk's still holds of them would
	 * go stale, and a later write through it would put old bytes back. */
	if (ioctl(fd, BLKFLSBUF) < 0)
		return error_errno(err, -errno, "empty the disk's page cache");
	return 0;
}

static int write_partitions(const struct plan *plan, int fd, struct error *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return error_errno(err, -errno, "look at it");
	r = partition_table_write(plan, fd, err);
	if (r < 0)
		return r;
	if (S_ISBLK(st.st_mode))
		return tell_kernel(plan, fd, err);
	return 0;
}

/* A disk that becomes one file system: all is wiped but the mark in its boot block. */
static int clear_disk(uint64_t disk_bytes, int fd, struct error *err)
{
	struct timespec deadline;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return error_errno(err, -errno, "look at it");
	r = write_zeros(fd, MARK_BYTES, WIPE_BYTES - MARK_BYTES, err);
	if (r < 0)
		return r;
	r = wipe_rest(0, disk_bytes, fd, err);
	if (r < 0 || !S_ISBLK(st.st_mode))
		return r;
	start_deadline(&deadline);
	return reread(fd, &deadline, err);
}

/* The boot disk first: nothing may be started from it once the root is gone. */
static int clear_disks(const struct plan *plan, int fd, int boot_fd, struct error *err)
{
	int r = clear_disk(plan->boot_disk_bytes, boot_fd, err);

	if (r < 0) {
		error_wrap(err, "%s", plan->boot_disk_path);
		return r;
	}
	r = clear_disk(plan->disk_bytes, fd, err);
	if (r < 0)
		error_wrap(err, "%s", plan->disk_path);
	return r;
}

int partition_wipe(const struct plan *plan, int fd, int boot_fd, struct error *err)
{
	int r;

	if (!layout_has_table(plan->layout))
		return clear_disks(plan, fd, boot_fd, err);
	r = wipe(plan, fd, err);
	if (r < 0)
		error_wrap(err, "%s", plan->disk_path);
	return r;
}

int partition_write(const struct plan *plan, int fd, struct error *err)
{
	int r;

	if (!layout_has_table(plan->layout))
		return 0;
	r = write_partitions(plan, fd, err);
	if (r < 0)
		error_wrap(err, "%s", plan->disk_path);
	return r;
}
