/* SPDX-License-Identifier: MIT */
#include "format/disk_transaction.h"

#include "base/log.h"
#include "format/partition.h"

int disk_transaction_begin(
	const struct disk_lock *lock, const struct plan *plan, bool resumed, struct error *err)
{
	int r = resumed ? 0 : disk_lock_write_mark(lock, plan, MARK_UNFINISHED, err);

	if (r < 0)
		return r;
	r = partition_wipe(plan, lock->exclusive_fd, lock->boot_exclusive_fd, err);
	if (r < 0 || !resumed)
		return r;
	return disk_lock_write_mark(lock, plan, MARK_UNFINISHED, err);
}

static void take_back(struct disk_lock *lock, const struct plan *plan)
{
	struct error err;

	if (disk_lock_blank_boot_sector(lock, &err) < 0)
		log_line("disk: it may boot: %s", err.text);
	if (disk_lock_write_mark(lock, plan, MARK_UNFINISHED, &err) < 0 ||
		disk_lock_flush(lock, &err) < 0)
		log_line("disk: it may be marked as installed: %s", err.text);
}

static int make_bootable(struct disk_lock *lock, const struct plan *plan, struct error *err)
{
	int r = boot_sector_restore(&lock->boot_sector, lock->lock_fd, err);

	if (r < 0)
		return r;
	r = disk_lock_write_mark(lock, plan, MARK_INSTALLED, err);
	if (r < 0)
		return r;
	r = disk_lock_flush(lock, err);
	if (r < 0)
		return r;
	return disk_lock_check(lock, plan, err);
}

int disk_transaction_commit(struct disk_lock *lock, const struct plan *plan, struct error *err)
{
	int r = disk_lock_check(lock, plan, err);

	if (r < 0)
		return r;
	r = make_bootable(lock, plan, err);
	if (r < 0)
		take_back(lock, plan);
	return r;
}
