/* SPDX-License-Identifier: MIT */
/*
 * candidates — the disks that may be installed on, this machine's or image files that configuration
 * names, and the choice among them.
 *
 * The rule by which one is chosen is select's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/config.h"
#include "disk/disk.h"
#include "plan/choice.h"
#include "plan/manifest.h"
#include "plan/planner.h"

struct candidates {
	struct disk disks[DISKS_MAX];
	size_t count;
	bool images; /* they are image files, and this is no machine to judge */
	struct selection selection;
};

/* Every disk of this machine, the medium that we run from among them. */
int candidates_find(struct candidates *ret, struct error *err) WARN_UNUSED;

/* The image files that configuration names as disk and boot-disk, instead. */
int candidates_find_images(
	const struct config *config, struct candidates *ret, struct error *err) WARN_UNUSED;

/* Chooses, and logs of each disk why. */
int candidates_choose(struct candidates *candidates, const struct config *config,
	const struct manifest *manifest, const struct plan_needs *needs,
	struct error *err) WARN_UNUSED;

/* Looks at the chosen disks' content once more: 0 if it is what the choice was made for. Reading
 * keys and closure takes time, in which another installer may have come and gone. EXIT_NOT_BLANK.
 */
int candidates_check_unchanged(const struct candidates *candidates, struct error *err) WARN_UNUSED;

/* The chosen disks; the boot disk is NULL where the layout has none. */
const struct disk *candidates_target(const struct candidates *candidates);
const struct disk *candidates_boot(const struct candidates *candidates);
