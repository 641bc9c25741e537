/* SPDX-License-Identifier: MIT */
/*
 * main — the story of an install.
 *
 * decide() reads everything and writes nothing; all that can be refused is refused there.
 * carry_out() is beyond the line of no return.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "channels.h"
#include "claim.h"
#include "cleanup.h"
#include "closure.h"
#include "console.h"
#include "database.h"
#include "devices.h"
#include "devlinks.h"
#include "extras.h"
#include "file.h"
#include "format.h"
#include "guest.h"
#include "log.h"
#include "machine.h"
#include "manifest.h"
#include "medium.h"
#include "mount.h"
#include "network.h"
#include "nixosinstall.h"
#include "options.h"
#include "partition.h"
#include "pid1.h"
#include "plan.h"
#include "progress.h"
#include "recipe.h"
#include "report.h"
#include "results.h"
#include "select.h"
#include "settle.h"
#include "show.h"
#include "sources.h"
#include "supervise.h"
#include "target.h"
#include "verify.h"

#define RUN_PATH       "/run/guest-installer"
#define KEY_DRIVE_PATH RUN_PATH "/keys"
#define LOG_PATH       "/var/log/guest-installer.log"

/* How much a small NixOS system of today is. */
#define BUILT_BYTES (3 * GIB / 2)
#define BUILT_FILES 100000

/* All that is known before the first write. */
struct decision {
	struct disk disks[DISKS_MAX];
	size_t disk_count;
	bool images; /* the disks are image files, and this is no machine to judge */
	struct sources sources;
	struct config config;
	struct manifest manifest;
	struct closure closure; /* engine cache: what is copied */
	struct recipe recipe;	/* engine nixos-install: what it builds */
	struct selection selection;
	struct plan plan;
	char *keys_text; /* authorized_keys; NULL for keys=none */
	struct extras extras;
};

/* -------------------------------------------------------- before the first write */

static int find_disks(struct decision *d, struct error *err)
{
	char source[128];
	struct error none;
	const char *medium = mount_source(MEDIUM_PATH, source, &none) == 0 ? source : NULL;
	int r = devices_scan("/sys", "/dev", medium, d->disks, &d->disk_count, err);

	if (r < 0)
		return r;
	return sources_collect(d->disks, d->disk_count, KEY_DRIVE_PATH, &d->sources, err);
}

static int add_image(struct decision *d, const char *path, struct error *err)
{
	return devices_image(path, &d->disks[d->disk_count++], err);
}

/* Image files that the user names, instead of this machine's disks. */
static int find_images(struct decision *d, struct error *err)
{
	int r = add_image(d, d->config.disk, err);

	if (r == 0 && d->config.boot_disk[0] == '/' &&
		strcmp(d->config.boot_disk, d->config.disk) != 0)
		r = add_image(d, d->config.boot_disk, err);
	return r;
}

static void log_disks(const struct decision *d)
{
	for (size_t i = 0; i < d->disk_count; i++)
		log_line("disk: %s (%llu bytes) %s", d->disks[i].name,
			(unsigned long long)d->disks[i].size_bytes, d->selection.disks[i].reason);
}

static char *resolve(const char *disk)
{
	return disk[0] == '/' ? realpath(disk, NULL) : NULL;
}

static int choose_target(struct decision *d, const struct plan_needs *needs, struct error *err)
{
	/* A name below /dev/disk is a link to the one that the kernel gave. */
	AUTO_FREE char *disk = resolve(d->config.disk), *boot_disk = resolve(d->config.boot_disk);
	struct select_request request = {
		.disk = disk ? disk : d->config.disk,
		.boot_disk = boot_disk ? boot_disk : d->config.boot_disk,
		.wipe_force = d->config.wipe_force,
	};
	struct plan_labels labels;
	int r = plan_layout(&d->config, &d->manifest, needs->on_xen, &request.layout, err);

	if (r < 0)
		return r;
	plan_planned_labels(&d->config, &d->manifest, request.layout, &labels);
	memcpy(request.labels, labels.labels, sizeof(request.labels));
	memcpy(request.uuids, labels.uuids, sizeof(request.uuids));
	request.min_bytes = plan_min_bytes(request.layout, needs);
	r = select_target(&request, d->disks, d->disk_count, &d->selection, err);
	log_disks(d);
	return r;
}

/* Only in the lean ISO, and only if there is something to fetch. A report alone can be done
 * without: it never changes the verdict. */
static int start_network(const struct options *options, struct outcome *outcome,
	const struct config *config, struct error *err)
{
	int r = 0;

	if (options->as_init && config_wants_network(config)) {
		progress_begin(outcome, STAGE_NETWORK, "waiting for the network");
		r = network_start(config, err);
	}
	if (r == 0)
		report_prepare(outcome, config);
	if (r == 0 || config_needs_network(config))
		return r;
	log_line("network: %s", err->text);
	return 0;
}

/* What is wrong with the configuration is reported, too, as far as it says where. */
static int read_config(const struct options *options, struct outcome *outcome, struct config *ret,
	const struct sources *sources, struct error *err)
{
	struct error none;
	int r = sources_read_config(options, sources, ret, err);
	int kept = sources_keep_access(&sources->drive, RUN_PATH, ret, r < 0 ? &none : err);

	if (r == 0)
		r = kept;
	if (r < 0) {
		if (ret->report_url[0] && start_network(options, outcome, ret, &none) < 0)
			log_line("network: %s", none.text);
		outcome->stage = STAGE_CONFIGURATION;
		return r;
	}
	outcome->timeout_s = ret->timeout_s;
	outcome->on_success = ret->on_success;
	outcome->on_failure = ret->on_failure;
	return start_network(options, outcome, ret, err);
}

/* What will be installed, and how much it is. Of a system that is still to be built only a guess is
 * had: that of a small one. */
static int read_system(struct decision *d, struct plan_needs *needs, struct error *err)
{
	enum layout layout;
	int r;

	if (d->config.engine == ENGINE_NIXOS_INSTALL) {
		r = plan_layout(&d->config, NULL, needs->on_xen, &layout, err);
		if (r < 0)
			return r;
		manifest_assume(d->config.system, layout, &d->manifest);
		needs->nar_bytes = BUILT_BYTES;
		needs->files = BUILT_FILES;
		return recipe_read(&d->config, &d->sources.drive, &d->recipe, err);
	}
	r = sources_read_manifest(&d->config, &d->manifest, err);
	if (r == 0)
		r = closure_walk(&d->config, d->manifest.system, &d->closure, err);
	needs->nar_bytes = d->closure.nar_bytes;
	needs->files = d->manifest.files;
	return r;
}

/* Reads all there is to know and decides what will be done. Writes nothing. */
static int decide(const struct options *options, struct outcome *outcome, struct decision *d,
	struct error *err)
{
	struct plan_needs needs;
	char seed[37];
	int r;

	r = machine_check_memory(err);
	if (r < 0)
		return r;
	progress_begin(outcome, STAGE_DISKS, "looking for disks and the key drive");
	d->images = !options->as_init && sources_name_image(options);
	r = d->images ? 0 : find_disks(d, err);
	if (r < 0)
		return r;

	progress_begin(outcome, STAGE_CONFIGURATION, "reading the configuration");
	r = read_config(options, outcome, &d->config, &d->sources, err);
	if (r < 0)
		return r;
	if (d->images)
		r = find_images(d, err);
	else if (!d->config.machine_any)
		r = machine_check_virtual(err);
	if (r == 0)
		r = extras_read(&d->config, &d->extras, err);
	if (r < 0)
		return r;

	progress_begin(outcome, STAGE_KEYS, "reading the keys");
	r = sources_read_keys(&d->config, &d->sources, &d->keys_text, err);
	if (r < 0)
		return r;

	progress_begin(outcome, STAGE_CLOSURE, "reading what is to be installed");
	needs.swap_bytes = d->config.swap_bytes;
	needs.firmware = machine_firmware();
	needs.on_xen = machine_is_domain(machine_xen_kind("/sys"));
	r = read_system(d, &needs, err);
	if (r < 0)
		return r;

	progress_begin(outcome, STAGE_TARGET, "choosing the disk");
	r = choose_target(d, &needs, err);
	if (r < 0)
		return r;

	progress_begin(outcome, STAGE_PLAN, "planning");
	sources_choose_seed(&d->config, seed);
	return plan_make(&d->config, &d->manifest, &d->disks[d->selection.target],
		d->selection.boot < d->disk_count ? &d->disks[d->selection.boot] : NULL, &needs,
		seed, &d->plan, err);
}

/* -------------------------------------------------------- beyond the line of no return */

/* The store was copied; Nix of the guest must know of it. */
static int register_store(struct outcome *outcome, const struct decision *d, struct error *err)
{
	int r;

	progress_begin(outcome, STAGE_DATABASE, "registering the store paths");
	r = database_write(TARGET_PATH, &d->closure, time(NULL), err);
	return r < 0 ? r : guest_link_profile(TARGET_PATH, d->plan.system, err);
}

static int build_system(struct outcome *outcome, struct decision *d, struct error *err)
{
	progress_begin(outcome, STAGE_COPY, "building the system with nixos-install");
	return nixosinstall_run(outcome, &d->recipe, &d->config, &d->plan, d->keys_text,
		TARGET_PATH, d->plan.system, err);
}

/* Everything between mounting and unmounting the target. */
static int fill_target(
	struct outcome *outcome, struct decision *d, struct claim *claim, struct error *err)
{
	const struct target_files files = {
		.keys_text = d->keys_text, .config = &d->config, .extras = &d->extras
	};
	int r;

	r = guest_make_tree(TARGET_PATH, err);
	if (r < 0)
		return r;

	r = guest_prepare(TARGET_PATH, err);
	if (r < 0)
		return r;
	if (d->config.engine == ENGINE_NIXOS_INSTALL)
		r = build_system(outcome, d, err);
	else
		r = register_store(outcome, d, err);
	if (r < 0)
		return r;

	r = target_run_programs(outcome, &d->plan, &files, claim, err);
	if (r < 0)
		return r;
	r = guest_forget_machine_id(TARGET_PATH, err);
	if (r < 0)
		return r;
	return log_save(TARGET_PATH LOG_PATH, err);
}

/* Runs work on the mounted target; it is unmounted again whatever comes of it. */
static int with_target(struct outcome *outcome, struct decision *d, struct claim *claim,
	bool read_only,
	int (*work)(struct outcome *outcome, struct decision *d, struct claim *claim,
		struct error *err),
	struct error *err)
{
	struct error second;
	int r = mount_plan(&d->plan, TARGET_PATH, read_only, err);

	if (r == 0)
		r = work(outcome, d, claim, err);
	if (mount_plan_detach(TARGET_PATH, &second) < 0 && r == 0) {
		*err = second;
		err->code = EXIT_MOUNT;
		r = -EBUSY;
	}
	return r;
}

static int verify_target(
	struct outcome *outcome, struct decision *d, struct claim *claim, struct error *err)
{
	const struct verify_request request = {
		.plan = &d->plan,
		.manifest = &d->manifest,
		.closure = d->config.engine == ENGINE_CACHE ? &d->closure : NULL,
		.root = TARGET_PATH,
		.disk_fd = claim->lock_fd,
		.first_sector = claim->gate.sector,
		.keys_text = d->keys_text,
	};
	struct verified verified;
	int r;

	r = verify_all(&request, &verified, err);
	if (r == 0)
		results_tell_verified(outcome, &verified);
	return r;
}

/* Verified: now it may boot. */
static int finish(const struct decision *d, struct claim *claim, struct error *err)
{
	struct mark installed = { .state = MARK_INSTALLED };
	int r = gate_open(&claim->gate, claim->lock_fd, err);

	if (r < 0)
		return r;
	snprintf(installed.system, sizeof(installed.system), "%s", d->plan.system);
	r = claim_mark(claim, &d->plan, &installed, err);
	if (r < 0)
		return r;
	return claim_flush(claim, err);
}

/* The mark says `unfinished` before the table is written, and `installed` as the last write. The
 * gate is shut from the table to the end, but for the boot loader. The store is copied before the
 * target is mounted: it is written as an ext4 holds it, and the kernel makes no file of it.
 * nixos-install fills a mounted one. */
static int carry_out(
	struct outcome *outcome, struct decision *d, struct claim *claim, struct error *err)
{
	struct mark unfinished = { .state = MARK_UNFINISHED };
	int r;

	progress_begin(outcome, STAGE_PARTITION, "writing the partition table");
	r = claim_take(&d->plan, claim, err);
	if (r < 0)
		return r;
	r = claim_mark(claim, &d->plan, &unfinished, err);
	if (r < 0)
		return r;
	r = partition_write(&d->plan, claim->exclusive_fd, claim->boot_exclusive_fd, err);
	if (r < 0)
		return r;
	r = claim_shut(claim, err);
	if (r < 0)
		return r;
	r = claim_open_up(claim, err);
	if (r < 0)
		return r;

	progress_begin(outcome, STAGE_FORMAT, "making the file systems");
	r = format_all(&d->plan, err);
	if (r < 0)
		return r;
	r = devlinks_make(&d->plan, err);
	if (r < 0)
		return r;

	if (d->config.engine == ENGINE_CACHE) {
		progress_begin(outcome, STAGE_COPY, "copying the store");
		r = target_copy_store(outcome, &d->plan, &d->config, &d->closure, err);
		if (r < 0)
			return r;
	}

	progress_begin(outcome, STAGE_MOUNT, "mounting");
	r = with_target(outcome, d, claim, false, fill_target, err);
	if (r < 0)
		return r;

	progress_begin(outcome, STAGE_VERIFY, "reading everything back");
	r = claim_flush(claim, err);
	if (r < 0)
		return r;
	r = with_target(outcome, d, claim, true, verify_target, err);
	if (r < 0)
		return r;
	return finish(d, claim, err);
}

/* -------------------------------------------------------- the processes */

static int make_run_folder(struct error *err)
{
	mkdir("/run", 0755);
	/* nixos-install wants a target that everybody could reach. */
	return file_make_folder(RUN_PATH, 0755, 0, 0, err);
}

/* What the machine needs before disks can be judged. */
static int prepare_machine(const struct options *options, struct error *err)
{
	struct error missing;

	if (options->as_init) {
		if (medium_mount(&missing) < 0)
			log_line("medium: %s", missing.text);
		settle_wait();
	}
	return make_run_folder(err);
}

static int install(const struct options *options, struct outcome *outcome, struct error *err)
{
	static struct decision decision;
	struct claim claim = CLAIM_NONE;
	int r;

	progress_begin(outcome, STAGE_START, "waiting for the devices");
	r = mount_isolate(err);
	if (r == 0)
		r = prepare_machine(options, err);
	if (r == 0)
		r = decide(options, outcome, &decision, err);
	if (r == 0)
		r = carry_out(outcome, &decision, &claim, err);
	if (r < 0)
		claim_spoil(&claim);
	claim_drop(&claim);
	if (r < 0)
		return r;
	progress_end(outcome);
	results_tell_install(outcome, &decision.plan);
	return 0;
}

/* Runs in the supervised child. */
static int install_work(struct outcome *outcome, void *userdata)
{
	struct error err = { 0 };
	int r = install(userdata, outcome, &err);

	results_tell_memory(outcome);
	if (r < 0 && err.code == 0)
		err.code = stage_exit_code(outcome->stage);
	if (r == 0)
		err.code = EXIT_INSTALLED;
	outcome->error = err;
	outcome->finished = true;
	return err.code;
}

/* Prints what install would do; writes nothing. */
static int print_plan(const struct options *options)
{
	static struct decision decision;
	struct outcome *outcome = outcome_new();
	struct error err = { 0 };
	int r;

	console_silence();
	r = mount_isolate(&err);
	if (r == 0)
		r = make_run_folder(&err);
	if (r == 0)
		r = decide(options, outcome, &decision, &err);
	if (r < 0 && err.code == 0)
		err.code = stage_exit_code(outcome->stage);
	const struct plan_answer answer = {
		.disks = decision.disks,
		.disk_count = decision.disk_count,
		.selection = &decision.selection,
		.plan = r < 0 ? NULL : &decision.plan,
		.refusal = r < 0 ? &err : NULL,
		.stage = outcome->stage,
	};

	show_plan(&answer, options->json);
	return r < 0 ? err.code : EXIT_INSTALLED;
}

static _Noreturn void run_as_init(void)
{
	struct outcome *outcome = outcome_new();
	struct options options;

	options_init(&options);
	options.as_init = true;
	pid1_prepare();
	channels_open(true);
	supervise_end_machine(outcome, supervise(install_work, &options, outcome));
}

int main(int argc, char **argv)
{
	struct options options;
	struct error err;

	if (getpid() == 1)
		run_as_init();
	if (options_parse(argc, argv, &options, &err) < 0) {
		fprintf(stderr, "guest-installer: %s\n", err.text);
		return err.code;
	}
	switch (options.command) {
	case COMMAND_HELP:
		options_print_help();
		return 0;
	case COMMAND_VERSION:
		printf("guest-installer " VERSION "\n");
		return 0;
	case COMMAND_PLAN:
		return print_plan(&options);
	case COMMAND_INSTALL:
		break;
	}
	channels_open(false);
	return supervise(install_work, &options, outcome_new());
}
