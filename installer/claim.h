/* SPDX-License-Identifier: MIT */
/*
 * claim — the chosen disk, held against everybody else while it is written.
 *
 * flock is held from the claim to the end. The kernel's exclusive open is held until the partition
 * table is written: while it lasts, nothing on the disk can be mounted, by us neither.
 */
#pragma once

#include "error.h"
#include "gate.h"
#include "mark.h"
#include "plan.h"

struct claim {
	int lock_fd;	  /* read and write, flock held; -1 if there is no claim */
	int exclusive_fd; /* O_EXCL, until claim_open_up; -1 afterwards */
	struct gate gate; /* the disk's first sector, while nothing may boot from it */
};

/* Sees that the disk is still the one that was judged (size) and free. Writes nothing. */
int claim_take(const struct plan *plan, struct claim *ret, struct error *err) WARN_UNUSED;

/* Gives the exclusive open back, so that file systems can be made and mounted. */
int claim_open_up(struct claim *claim, struct error *err) WARN_UNUSED;

/* Writes a mark at the plan's root, past whatever the kernel has cached of the whole disk while
 * the partitions were written through their own nodes. */
int claim_mark(const struct claim *claim, const struct plan *plan, const struct mark *mark,
	struct error *err) WARN_UNUSED;

/* Waits until the device has everything, and drops the kernel's cache of the whole disk, so that
 * the next read is from the disk. */
int claim_flush(const struct claim *claim, struct error *err) WARN_UNUSED;

void claim_drop(struct claim *claim);
