/* SPDX-License-Identifier: MIT */
/*
 * candidates — finds the disks that may be installed on, which are this machine's or image files
 * that the configuration names, and chooses among them.
 *
 * select has the rule by which one is chosen. This module reads disks and writes none.
 *
 * Tested by: tests/unit/test_candidates.c, tests/loop/images.sh (candidates).
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
#include "plan/select_installed.h"

struct candidates {
	struct disk disks[DISKS_MAX];
	size_t count;
	bool images; /* they are image files, so this machine and its disks do not matter */
	struct selection selection;
};

/* Finds every disk of this machine, including the medium that the installer runs from. */
int candidates_find(struct candidates *ret, struct error *err) WARN_UNUSED;

/* Looks at the image files that the configuration names as disk and boot-disk, instead. */
int candidates_find_images(
	const struct config *config, struct candidates *ret, struct error *err) WARN_UNUSED;

/* Chooses the target, and logs the reason for each disk. */
int candidates_choose(struct candidates *candidates, const struct config *config,
	const struct manifest *manifest, const struct plan_needs *needs,
	struct error *err) WARN_UNUSED;

/* Finds the finished install that if-installed=boot starts. If there is one, it is the chosen
 * target; mark and place of its root are in ret. EXIT_ALREADY_INSTALLED or EXIT_NOT_BLANK as in
 * select_installed. */
int candidates_choose_installed(struct candidates *candidates, const struct config *config,
	struct installed_choice *ret, struct error *err) WARN_UNUSED;

/* Puts every disk into a class, as far as the configuration goes, and chooses none: for a plan that
 * was refused before candidates_choose. Does nothing if the disks have a class already. */
void candidates_classify(struct candidates *candidates, const struct config *config);

/* Probes the content of the locked disks once more (plan_open_path) and compares it with what the
 * choice was made for: reading keys and closure takes time, in which another program may have
 * written. EXIT_NOT_BLANK if it differs. */
int candidates_check_unchanged(const struct candidates *candidates, const struct plan *plan,
	struct error *err) WARN_UNUSED;

/* The chosen disks; the boot disk is NULL where the layout has none. */
const struct disk *candidates_target(const struct candidates *candidates);
const struct disk *candidates_boot(const struct candidates *candidates);
