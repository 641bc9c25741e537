/* SPDX-License-Identifier: MIT */
#include "install_decision.h"

#include <errno.h>

#include "base/uuid.h"
#include "format/format.h"
#include "guest/etc_view.h"
#include "init/iso_medium.h"
#include "init/machine.h"
#include "init/run_folder.h"
#include "input/embedded_word.h"
#include "input/host_key_sources.h"
#include "input/key_sources.h"
#include "plan/planner.h"
#include "read_config.h"
#include "verdict/progress.h"

#define KEY_DRIVE_PATH RUN_FOLDER "/keys"

/* The disks, and what the host has left on them and in the firmware. */
static int find_disks(struct install_decision *d, struct error *err)
{
	struct candidates *candidates = &d->candidates;
	struct config_sources *sources = &d->sources;
	int r = candidates_find(candidates, err);

	if (r < 0)
		return r;
	r = config_sources_collect(
		candidates->disks, candidates->count, KEY_DRIVE_PATH, sources, err);
	if (r < 0)
		return r;
	return embedded_word_check(sources->command_line,
		sources->embedded.area ? &sources->embedded.embedded : NULL, &d->no_medium, err);
}

/* With if-installed=boot, a finished install is found before the network starts, which a guest that
 * is there needs no longer: only the report does. */
static int find_installed(
	struct config_reading *reading, struct install_decision *d, struct error *err)
{
	struct error none;
	int r = 0;

	if (d->config.boot_installed)
		r = candidates_choose_installed(&d->candidates, &d->config, &d->installed, err);
	if (r < 0 || d->installed.found) {
		(void)!read_config_start_network(reading, &d->config, false, &none);
		reading->shared->stage = STAGE_TARGET;
		return r;
	}
	return read_config_start_network(
		reading, &d->config, config_needs_network(&d->config), err);
}

/* The medium is needed only if something is to be read from it: a netboot has none. */
static int check_medium(const struct install_decision *d, struct error *err)
{
	if (!d->no_medium.code || !config_needs_folder(&d->config, MEDIUM_PATH))
		return 0;
	*err = d->no_medium;
	return -ENOENT;
}

/* The configuration, the network where it is needed, and what the configuration alone decides: an
 * installed guest to start, image files in place of disks, and the files that are written besides
 * the system. */
static int settle_configuration(const struct options *options, struct shared_state *shared,
	struct install_decision *d, struct error *err)
{
	struct config_reading reading = { .options = options, .shared = shared };
	int r = read_config(&reading, &d->sources, &d->config, err);

	if (r < 0)
		return r;
	r = find_installed(&reading, d, err);
	if (r < 0)
		return r;
	if (d->candidates.images)
		r = candidates_find_images(&d->config, &d->candidates, err);
	else if (!d->config.machine_any)
		r = machine_check_virtual(err);
	if (r < 0 || d->installed.found)
		return r;
	return extra_files_read(
		&d->config.files, &d->sources.drive, KEY_DRIVE_PATH, &d->extra_files, err);
}

static int read_wanted_keys(struct install_decision *d, struct error *err)
{
	int r = key_sources_read(
		&d->config.keys, d->config.keys_user, &d->sources, &d->ssh_keys_text, err);

	if (r < 0)
		return r;
	return host_key_sources_read(
		&d->config.host_keys, &d->sources.drive, &d->given_host_keys, err);
}

/* The guest, and what it and this machine ask of the disk. */
static int read_wanted_guest(
	struct install_decision *d, struct plan_needs *needs, struct error *err)
{
	int r = check_medium(d, err);

	if (r < 0)
		return r;
	needs->swap_bytes = d->config.swap_bytes;
	needs->firmware = machine_firmware();
	needs->architecture = architecture_native();
	needs->on_xen = !needs->architecture->no_pv && machine_is_domain(machine_xen_kind("/sys"));
	r = engine_read(&d->config, &d->sources.drive, &d->engine, needs, err);
	if (r < 0)
		return r;
	return etc_view_check_kernel(&d->engine.manifest, err);
}

static int make_install_plan(
	struct install_decision *d, const struct plan_needs *needs, struct error *err)
{
	int r;

	if (!d->config.seed[0])
		uuid_choose(d->config.seed);
	r = planner_make(&d->config, &d->engine.manifest, candidates_target(&d->candidates),
		candidates_boot(&d->candidates), needs, d->config.seed, &d->plan, err);
	if (r < 0)
		return r;
	return format_check(&d->plan, err);
}

int install_decide(const struct options *options, struct shared_state *shared,
	struct install_decision *d, struct error *err)
{
	struct plan_needs needs = { 0 };
	int r = machine_check_memory(err);

	if (r < 0)
		return r;
	progress_begin(shared, STAGE_DISKS, "looking for disks and the key drive");
	d->candidates.images = !options->as_init && config_sources_name_image(options);
	r = d->candidates.images ? 0 : find_disks(d, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_CONFIGURATION, "reading the configuration");
	r = settle_configuration(options, shared, d, err);
	if (r < 0 || d->installed.found)
		return r;

	progress_begin(shared, STAGE_KEYS, "reading the keys");
	r = read_wanted_keys(d, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_CLOSURE, "reading what is to be installed");
	r = read_wanted_guest(d, &needs, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_TARGET, "choosing the disk");
	r = candidates_choose(&d->candidates, &d->config, &d->engine.manifest, &needs, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_PLAN, "planning");
	return make_install_plan(d, &needs, err);
}
