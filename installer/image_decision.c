/* SPDX-License-Identifier: MIT */
#include "image_decision.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "base/uuid.h"
#include "format/format.h"
#include "image/image_esp.h"
#include "image/image_verify.h"
#include "input/host_key_sources.h"
#include "input/key_sources.h"
#include "plan/unmounted_check.h"
#include "read_config.h"
#include "verdict/progress.h"

static int read_image_settings(struct image_decision *decision, struct error *err)
{
	struct config_reading reading = { .options = decision->options,
		.shared = decision->shared };
	int r = read_config(&reading, &decision->sources, &decision->config, err);

	if (r < 0)
		return r;
	return unmounted_check_settings(&decision->config, err);
}

static int check_outputs(struct image_decision *decision, struct error *err)
{
	const struct image_options *options = &decision->options->image;
	int r;

	decision->output.path = decision->options->operand;
	decision->output.format = options->format;
	decision->output.overwrite = decision->config.wipe_force;
	r = image_output_check(&decision->output, err);
	if (r < 0 || !options->boot_output)
		return r;
	decision->boot_output = (struct image_output){
		.path = options->boot_output,
		.format = options->format,
		.overwrite = decision->config.wipe_force,
	};
	return image_output_check(&decision->boot_output, err);
}

static int read_keys_and_files(struct image_decision *decision, struct error *err)
{
	const struct config *config = &decision->config;
	int r = extra_files_read(&decision->config.files, &decision->sources.drive,
		decision->folder, &decision->extra_files, err);

	if (r < 0)
		return r;
	progress_begin(decision->shared, STAGE_KEYS, "reading the keys");
	r = key_sources_read(&config->keys, config->keys_user, &decision->sources,
		&decision->ssh_keys_text, err);
	if (r < 0)
		return r;
	r = host_key_sources_read(
		&config->host_keys, &decision->sources.drive, &decision->given_host_keys, err);
	if (r < 0)
		return r;
	return image_verify_given_host_keys(&decision->given_host_keys, err);
}

/* A device has its size; a file gets the one that is asked for. */
static int choose_size(const struct image_decision *decision, const struct plan_needs *needs,
	uint64_t *ret, struct error *err)
{
	const struct image_options *options = &decision->options->image;

	if (decision->output.is_device && (options->size_bytes || options->shrink))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"%s is a block device, and its image has the size of the device: leave --size and --shrink out.",
			decision->output.path);
	*ret = decision->output.is_device ? decision->output.device_bytes
	       : options->shrink ? planner_min_bytes(decision->engine.manifest.layout, needs)
				 : options->size_bytes;
	if (*ret)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		"Say how large the image shall be: --size, such as 8G, or --shrink for the smallest disk that holds the guest.");
}

static int check_boot_output(const struct image_decision *decision, struct error *err)
{
	bool pygrub = decision->engine.manifest.layout == LAYOUT_PYGRUB;

	if (pygrub == (decision->options->image.boot_output != NULL))
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
		pygrub ? "An image of the layout pygrub has two disks: say where the boot disk shall go by --boot-output."
		       : "Only an image of the layout pygrub has a boot disk: leave --boot-output out.");
}

static void describe_disk(const char *name, uint64_t size_bytes, struct disk *ret)
{
	*ret = (struct disk){
		.size_bytes = size_bytes, .sector_bytes = SECTOR_BYTES, .image_file = true
	};
	text_append(ret->path, sizeof(ret->path), "%s", name);
}

/* The size of the boot disk: generations of kernels, as many as a partition for /boot holds. */
static uint64_t boot_disk_bytes(const struct image_decision *decision)
{
	if (decision->boot_output.is_device)
		return decision->boot_output.device_bytes;
	return decision->options->image.shrink ? BOOT_MIN_BYTES : BOOT_PARTITION_BYTES;
}

static int make_image_plan(
	struct image_decision *decision, struct plan_needs *needs, struct error *err)
{
	AUTO_FREE struct disk *disk = must_realloc(NULL, 2, sizeof(*disk));
	struct manifest *manifest = &decision->engine.manifest;
	uint64_t size_bytes;
	int r;

	needs->swap_bytes = decision->config.swap_bytes;
	needs->boot_bytes = planner_boot_bytes(manifest, manifest->layout);
	needs->unmounted = true;
	r = choose_size(decision, needs, &size_bytes, err);
	if (r < 0)
		return r;
	r = check_boot_output(decision, err);
	if (r < 0)
		return r;
	if (!decision->config.seed[0])
		uuid_choose(decision->config.seed);
	describe_disk(decision->output.path, size_bytes, &disk[0]);
	describe_disk(decision->boot_output.path ? decision->boot_output.path : "",
		boot_disk_bytes(decision), &disk[1]);
	r = planner_make(&decision->config, manifest, &disk[0],
		manifest->layout == LAYOUT_PYGRUB ? &disk[1] : NULL, needs, decision->config.seed,
		&decision->plan, err);
	if (r < 0)
		return r;
	/* The whole name, for messages and results. */
	snprintf(decision->plan.disk_path, sizeof(decision->plan.disk_path), "%s",
		decision->output.path);
	return 0;
}

static int check_programs(const struct image_decision *decision, struct error *err)
{
	int r = format_check(&decision->plan, err);

	if (r < 0 || decision->plan.layout != LAYOUT_GPT)
		return r;
	return image_esp_check(err);
}

int image_decide_inputs(struct image_decision *decision, struct error *err)
{
	int r;

	progress_begin(decision->shared, STAGE_CONFIGURATION, "reading the configuration");
	r = read_image_settings(decision, err);
	if (r < 0)
		return r;
	r = check_outputs(decision, err);
	if (r < 0)
		return r;
	return read_keys_and_files(decision, err);
}

int image_decide(struct image_decision *decision, struct error *err)
{
	struct plan_needs needs = { 0 };
	int r = image_decide_inputs(decision, err);

	if (r < 0)
		return r;
	progress_begin(decision->shared, STAGE_CLOSURE, "reading what is to be installed");
	r = engine_read(
		&decision->config, &decision->sources.drive, &decision->engine, &needs, err);
	if (r < 0)
		return r;
	r = unmounted_check_guest(&decision->engine.manifest, err);
	if (r < 0)
		return r;
	unmounted_check_accounts(&decision->engine.manifest, &decision->accounts_assumed);

	progress_begin(decision->shared, STAGE_PLAN, "planning");
	r = make_image_plan(decision, &needs, err);
	if (r < 0)
		return r;
	return check_programs(decision, err);
}

void image_decision_set_request(const struct image_decision *decision,
	const struct manifest *manifest, const struct closure *closure, struct image_request *ret)
{
	ret->plan = &decision->plan;
	ret->manifest = manifest;
	ret->closure = closure;
	ret->ssh_keys_text = decision->ssh_keys_text;
	ret->given_host_keys = &decision->given_host_keys;
	ret->extra_files = &decision->extra_files;
	ret->folder = decision->folder;
}
