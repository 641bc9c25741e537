/* SPDX-License-Identifier: MIT */
#include "plan/candidates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "disk/devices.h"
#include "disk/mount.h"
#include "disk/probe.h"
#include "disk/same_content.h"
#include "init/iso_medium.h"
#include "init/machine.h"
#include "plan/labels.h"
#include "plan/select.h"

int candidates_find(struct candidates *ret, struct error *err)
{
	char source[MOUNT_PATH_BYTES];
	struct error none;
	const char *medium = mount_source(MEDIUM_PATH, source, &none) == 0 ? source : NULL;

	return devices_scan("/sys", "/dev", medium, ret->disks, &ret->count, err);
}

static int add_image(struct candidates *candidates, const char *path, struct error *err)
{
	int r = devices_image(path, &candidates->disks[candidates->count], err);

	if (r < 0)
		return r;
	candidates->count++;
	return 0;
}

int candidates_find_images(const struct config *config, struct candidates *ret, struct error *err)
{
	int r = add_image(ret, config->disk, err);

	if (r < 0)
		return r;
	if (config->boot_disk[0] == '/' && strcmp(config->boot_disk, config->disk) != 0)
		return add_image(ret, config->boot_disk, err);
	return 0;
}

static void log_disks(const struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		log_line("disk: %s (%llu bytes) %s", candidates->disks[i].name,
			(unsigned long long)candidates->disks[i].size_bytes,
			candidates->selection.disks[i].reason);
}

static char *resolve_image(const char *disk)
{
	return disk[0] == '/' ? realpath(disk, NULL) : NULL;
}

int candidates_choose(struct candidates *candidates, const struct config *config,
	const struct manifest *manifest, const struct plan_needs *needs, struct error *err)
{
	/* A name below /dev/disk is a link to the one that the kernel gave. */
	AUTO_FREE char *disk = resolve_image(config->disk),
		       *boot_disk = resolve_image(config->boot_disk);
	struct select_request request = {
		.disk = disk ? disk : config->disk,
		.boot_disk = boot_disk ? boot_disk : config->boot_disk,
		.wipe_force = config->wipe_force,
		.wipe_tokens = config->wipe_tokens,
		.virtual_machine = machine_is_virtual(),
	};
	struct plan_needs known = *needs;
	struct labels_planned labels;
	int r = planner_layout(config, manifest, needs->on_xen, &request.layout, err);

	if (r < 0)
		return r;
	labels_planned(config, manifest, request.layout, &labels);
	memcpy(request.labels, labels.labels, sizeof(request.labels));
	memcpy(request.uuids, labels.uuids, sizeof(request.uuids));
	known.boot_bytes = planner_boot_bytes(manifest, request.layout);
	request.min_bytes = planner_min_bytes(request.layout, &known);
	r = select_target(
		&request, candidates->disks, candidates->count, &candidates->selection, err);
	log_disks(candidates);
	return r;
}

int candidates_choose_installed(struct candidates *candidates, const struct config *config,
	struct installed_choice *ret, struct error *err)
{
	AUTO_FREE char *disk = resolve_image(config->disk),
		       *boot_disk = resolve_image(config->boot_disk);
	const struct select_request request = {
		.disk = disk ? disk : config->disk,
		.boot_disk = boot_disk ? boot_disk : config->boot_disk,
		.virtual_machine = machine_is_virtual(),
		.layout = config->layout == LAYOUT_AUTO ? LAYOUT_GPT : config->layout,
	};
	int r = select_installed(&request, candidates->disks, candidates->count, ret, err);

	if (r < 0 || !ret->found)
		return r;
	candidates->selection.target = ret->target;
	candidates->selection.boot = ret->boot;
	return 0;
}

void candidates_classify(struct candidates *candidates, const struct config *config)
{
	struct select_request request = {
		.disk = config->disk[0] ? config->disk : "auto",
		.boot_disk = config->boot_disk[0] ? config->boot_disk : "auto",
		.wipe_force = config->wipe_force,
		.wipe_tokens = config->wipe_tokens,
		.virtual_machine = machine_is_virtual(),
		.layout = config->layout == LAYOUT_AUTO ? LAYOUT_GPT : config->layout,
	};
	struct labels_planned labels;
	struct error ignored;

	if (candidates->images && candidates->count == 0)
		(void)!candidates_find_images(config, candidates, &ignored);
	if (candidates->count == 0 || candidates->selection.disks[0].reason[0])
		return;
	labels_planned(config, NULL, request.layout, &labels);
	memcpy(request.labels, labels.labels, sizeof(request.labels));
	memcpy(request.uuids, labels.uuids, sizeof(request.uuids));
	select_classify(&request, candidates->disks, candidates->count, &candidates->selection);
}

const struct disk *candidates_target(const struct candidates *candidates)
{
	return &candidates->disks[candidates->selection.target];
}

const struct disk *candidates_boot(const struct candidates *candidates)
{
	size_t boot = candidates->selection.boot;

	return boot < candidates->count ? &candidates->disks[boot] : NULL;
}

/* Probes the disk by the path that leads to the locked one. */
static int check_unchanged(const struct disk *disk, const char *open_path, struct error *err)
{
	AUTO_FREE struct disk *now = must_realloc(NULL, 1, sizeof(*now));
	int r;

	*now = *disk;
	snprintf(now->path, sizeof(now->path), "%s", open_path);
	r = probe_content(now, err);
	if (r < 0)
		return r;
	if (same_content(disk, now))
		return 0;
	return error_set_code(err, EXIT_NOT_BLANK, -ESTALE,
		"%s is not what it was when it was chosen, so another program has written to it since: make sure that nothing else uses it, and start again.",
		disk->path);
}

int candidates_check_unchanged(
	const struct candidates *candidates, const struct plan *plan, struct error *err)
{
	const struct disk *boot = candidates_boot(candidates);
	/* The boot disk holds the plan's first file system. */
	int r = boot ? check_unchanged(boot, plan_open_path(plan, 0), err) : 0;

	if (r < 0)
		return r;
	return check_unchanged(
		candidates_target(candidates), plan_open_path(plan, plan->root), err);
}
