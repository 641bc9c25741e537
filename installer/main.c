/* SPDX-License-Identifier: MIT */
/*
 * main — the order of an install.
 *
 * decide() reads everything and makes the plan. All refusals are there, and it writes nothing.
 * carry_out() performs all writes. install() calls both in the child that supervise() watches.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/uuid.h"
#include "base/version.h"
#include "check_command.h"
#include "config/options.h"
#include "disk/mount.h"
#include "engine.h"
#include "format/dev_links.h"
#include "format/disk_lock.h"
#include "format/format.h"
#include "format/partition.h"
#include "format/target_mount.h"
#include "guest/etc_view.h"
#include "guest/extra_files.h"
#include "guest/host_name.h"
#include "guest/nixos.h"
#include "image_command.h"
#include "init/iso_medium.h"
#include "init/machine.h"
#include "init/pid1.h"
#include "init/processor.h"
#include "init/run_folder.h"
#include "init/settle.h"
#include "init/supervise.h"
#include "input/config_sources.h"
#include "input/embedded_word.h"
#include "input/host_key_sources.h"
#include "input/key_sources.h"
#include "install_steps.h"
#include "plan/candidates.h"
#include "plan/guest_check.h"
#include "plan/planner.h"
#include "print_plan.h"
#include "read_config.h"
#include "results.h"
#include "start_guest.h"
#include "verdict/channels.h"
#include "verdict/console.h"
#include "verdict/guest_agent_port.h"
#include "verdict/progress.h"
#include "verdict/report_events.h"
#include "verify/boot_loader.h"
#include "verify/verify.h"
#include "verify_command.h"

#define KEY_DRIVE_PATH RUN_FOLDER "/keys"

/* All that is known before the first write. */
struct decision {
	struct error no_medium; /* PID 1: why the ISO is not mounted; code 0 if it is */
	struct candidates candidates;
	struct config_sources sources;
	struct config config;
	struct installed_choice
		installed; /* if-installed=boot: what is started instead of an install */
	struct engine engine;
	struct plan plan;
	char *ssh_keys_text; /* authorized_keys; NULL for keys=none */
	struct given_host_keys given_host_keys;
	struct extra_files extra_files;
};

/* -------------------------------------------------------- before the first write */

/* The disks, and what the host has left on them and in the firmware. */
static int find_disks(struct decision *d, struct error *err)
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

/* With if-installed=boot, a finished install is found before the network starts, which a guest that is
 * there needs no longer: only the report does. */
static int find_installed(struct config_reading *reading, struct decision *d, struct error *err)
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
static int check_medium(const struct decision *d, struct error *err)
{
	if (!d->no_medium.code || !config_needs_folder(&d->config, MEDIUM_PATH))
		return 0;
	*err = d->no_medium;
	return -ENOENT;
}

/* Reads all there is to know and decides what will be done. Writes nothing. */
static int decide(const struct options *options, struct shared_state *shared, struct decision *d,
	struct error *err)
{
	struct config_reading reading = { .options = options, .shared = shared };
	struct plan_needs needs = { 0 };
	int r;

	r = machine_check_memory(err);
	if (r < 0)
		return r;
	progress_begin(shared, STAGE_DISKS, "looking for disks and the key drive");
	d->candidates.images = !options->as_init && config_sources_name_image(options);
	r = d->candidates.images ? 0 : find_disks(d, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_CONFIGURATION, "reading the configuration");
	r = read_config(&reading, &d->sources, &d->config, err);
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
	r = extra_files_read(
		&d->config.files, &d->sources.drive, KEY_DRIVE_PATH, &d->extra_files, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_KEYS, "reading the keys");
	r = key_sources_read(
		&d->config.keys, d->config.keys_user, &d->sources, &d->ssh_keys_text, err);
	if (r < 0)
		return r;
	r = host_key_sources_read(
		&d->config.host_keys, &d->sources.drive, &d->given_host_keys, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_CLOSURE, "reading what is to be installed");
	r = check_medium(d, err);
	if (r < 0)
		return r;
	needs.swap_bytes = d->config.swap_bytes;
	needs.firmware = machine_firmware();
	needs.architecture = architecture_native();
	needs.on_xen = !needs.architecture->no_pv && machine_is_domain(machine_xen_kind("/sys"));
	r = engine_read(&d->config, &d->sources.drive, &d->engine, &needs, err);
	if (r < 0)
		return r;
	r = etc_view_check_kernel(&d->engine.manifest, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_TARGET, "choosing the disk");
	r = candidates_choose(&d->candidates, &d->config, &d->engine.manifest, &needs, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_PLAN, "planning");
	if (!d->config.seed[0])
		uuid_choose(d->config.seed);
	r = planner_make(&d->config, &d->engine.manifest, candidates_target(&d->candidates),
		candidates_boot(&d->candidates), &needs, d->config.seed, &d->plan, err);
	if (r < 0)
		return r;
	return format_check(&d->plan, err);
}

/* -------------------------------------------------------- from the first write on */

/* How the system that nixos-install has built prepares /etc and accounts. */
static int know_built_guest(struct decision *d, struct error *err)
{
	if (d->engine.engine != ENGINE_NIXOS_INSTALL)
		return 0;
	etc_view_find(TARGET_PATH, d->plan.system, &d->engine.manifest);
	return planner_choose_host_keys(&d->config, &d->engine.manifest, &d->plan, err);
}

/* The host's cloud data only suggests a name: it asks for nothing of a guest whose /etc is read-only. */
static const char *guest_host_name(const struct decision *d)
{
	const struct manifest *manifest = &d->engine.manifest;

	if (d->config.hostname[0])
		return d->config.hostname;
	return manifest->etc_overlay && !manifest->etc_mutable ? "" : d->config.suggested_hostname;
}

/* Everything between mounting and unmounting the target. */
static int fill_target(
	struct shared_state *shared, struct decision *d, struct disk_lock *lock, struct error *err)
{
	struct guest_files files = { .ssh_keys_text = d->ssh_keys_text,
		.given_host_keys = &d->given_host_keys,
		.extra_files = &d->extra_files,
		.first_boot_verdict = d->config.first_boot_verdict };
	int r;

	r = nixos_make_tree(TARGET_PATH, err);
	if (r < 0)
		return r;
	r = nixos_prepare(TARGET_PATH, err);
	if (r < 0)
		return r;
	r = engine_settle(shared, &d->engine, &d->config, d->ssh_keys_text, &d->plan, err);
	if (r < 0)
		return r;
	r = know_built_guest(d, err);
	if (r < 0)
		return r;
	files.host_name = guest_host_name(d);
	r = install_steps_run_programs(shared, &d->plan, &d->engine.manifest, &files, lock, err);
	if (r < 0)
		return r;
	r = nixos_forget_machine_id(TARGET_PATH, err);
	if (r < 0)
		return r;
	return nixos_save_log(TARGET_PATH, err);
}

/* Runs work on the mounted target; it is unmounted again whatever comes of it. */
static int with_target(struct shared_state *shared, struct decision *d, struct disk_lock *lock,
	bool read_only,
	int (*work)(struct shared_state *shared, struct decision *d, struct disk_lock *lock,
		struct error *err),
	struct error *err)
{
	struct error second;
	int r = mount_plan(&d->plan, TARGET_PATH, read_only, err);

	if (r == 0)
		r = work(shared, d, lock, err);
	if (mount_detach_below(TARGET_PATH, &second) < 0 && r == 0) {
		*err = second;
		err->code = EXIT_MOUNT;
		r = -EBUSY;
	}
	return r;
}

/* Of a guest that nixos-install has built the disk says which firmware boots it. */
static int find_built_guest(struct decision *d, const struct disk_lock *lock, struct error *err)
{
	int r;

	if (d->engine.engine != ENGINE_NIXOS_INSTALL)
		return 0;
	boot_loader_find(TARGET_PATH, &d->plan, lock->boot_sector.sector, &d->engine.manifest);
	r = guest_check_firmware(&d->plan, &d->engine.manifest, machine_firmware(), err);
	if (r < 0)
		err->code = EXIT_VERIFY;
	return r;
}

static int verify_target(
	struct shared_state *shared, struct decision *d, struct disk_lock *lock, struct error *err)
{
	const struct verify_request request = {
		.plan = &d->plan,
		.manifest = &d->engine.manifest,
		.closure = engine_closure(&d->engine),
		.root = TARGET_PATH,
		.disk_fd = lock->lock_fd,
		.first_sector = lock->boot_sector.sector,
		.ssh_keys_text = d->ssh_keys_text,
		.given_host_keys = &d->given_host_keys,
	};
	struct verified verified;
	bool shown;
	int r = find_built_guest(d, lock, err);

	if (r < 0)
		return r;
	r = etc_view_mount(TARGET_PATH, d->plan.system, &d->engine.manifest, &shown, err);
	if (r < 0)
		return r;
	r = verify_all(&request, &verified, err);
	if (r < 0)
		return r;
	r = extra_files_verify(&d->extra_files, TARGET_PATH, err);
	if (r < 0)
		return r;
	r = host_name_verify(TARGET_PATH, d->plan.system, guest_host_name(d), err);
	if (r < 0)
		return r;
	results_report_verified(shared, &d->engine.manifest, &verified);
	start_guest_after_install(shared, &verified.entry);
	return 0;
}

/* The verdict will be a failure: the disk does not boot, and the next run takes it. */
static void take_back(const struct decision *d, struct disk_lock *lock)
{
	struct error err;

	if (disk_lock_blank_boot_sector(lock, &err) < 0)
		log_line("disk: it may boot: %s", err.text);
	if (disk_lock_write_mark(lock, &d->plan, MARK_UNFINISHED, &err) < 0 ||
		disk_lock_flush(lock, &err) < 0)
		log_line("disk: it may be marked as installed: %s", err.text);
}

/* Writes what lets it boot, the mark last. */
static int make_bootable(const struct decision *d, struct disk_lock *lock, struct error *err)
{
	int r = boot_sector_restore(&lock->boot_sector, lock->lock_fd, err);
	if (r < 0)
		return r;
	r = disk_lock_write_mark(lock, &d->plan, MARK_INSTALLED, err);
	if (r < 0)
		return r;
	r = disk_lock_flush(lock, err);
	if (r < 0)
		return r;
	return disk_lock_check(lock, &d->plan, err);
}

/* Verified: now it may boot. */
static int finish(const struct decision *d, struct disk_lock *lock, struct error *err)
{
	int r = disk_lock_check(lock, &d->plan, err);

	if (r < 0)
		return r;
	r = make_bootable(d, lock, err);
	if (r < 0)
		take_back(d, lock);
	return r;
}

/* Erases what the disk holds and writes the mark `unfinished`, so that the next run takes the disk. An
 * unfinished install has such a mark already, which names its table and file system: it stays until they
 * are gone, because a mark beside other ones is not believed. */
static int wipe_and_mark(const struct decision *d, struct disk_lock *lock, struct error *err)
{
	const struct disk *target = candidates_target(&d->candidates);
	bool resumed = target->marks[d->plan.layout].state == MARK_UNFINISHED;
	int r = resumed ? 0 : disk_lock_write_mark(lock, &d->plan, MARK_UNFINISHED, err);

	if (r < 0)
		return r;
	r = partition_wipe(&d->plan, lock->exclusive_fd, lock->boot_exclusive_fd, err);
	if (r < 0 || !resumed)
		return r;
	return disk_lock_write_mark(lock, &d->plan, MARK_UNFINISHED, err);
}

/* Writes the disk, in this order: the mark `unfinished`, the partition table, the file systems, the
 * content, and the mark `installed` last. The boot sector is blank from the table to the end, except
 * while the boot loader is installed. The engine cache fills the root with libext2fs before it is
 * mounted; nixos-install fills the mounted one. */
static int carry_out(
	struct shared_state *shared, struct decision *d, struct disk_lock *lock, struct error *err)
{
	int r;

	progress_begin(shared, STAGE_PARTITION, "writing the partition table");
	r = disk_lock_take(&d->plan, lock, err);
	if (r < 0)
		return r;
	r = candidates_check_unchanged(&d->candidates, &d->plan, err);
	if (r < 0)
		return r;
	r = wipe_and_mark(d, lock, err);
	if (r < 0)
		return r;
	r = partition_write(&d->plan, lock->exclusive_fd, err);
	if (r < 0)
		return r;
	r = disk_lock_blank_boot_sector(lock, err);
	if (r < 0)
		return r;
	r = disk_lock_release_exclusive(lock, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_FORMAT, "making the file systems");
	r = format_all(&d->plan, err);
	if (r < 0)
		return r;
	r = dev_links_make(&d->plan, err);
	if (r < 0)
		return r;

	r = engine_copy(shared, &d->engine, &d->config, &d->plan, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_MOUNT, "mounting");
	r = with_target(shared, d, lock, false, fill_target, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_VERIFY, "reading everything back");
	r = disk_lock_flush(lock, err);
	if (r < 0)
		return r;
	r = with_target(shared, d, lock, true, verify_target, err);
	if (r < 0)
		return r;
	return finish(d, lock, err);
}

/* -------------------------------------------------------- the processes */

/* What the machine needs before disks can be judged. */
static int prepare_machine(struct error *ret_no_medium, struct error *err)
{
	if (iso_medium_mount(ret_no_medium) < 0) {
		log_line("medium: %s", ret_no_medium->text);
		ret_no_medium->code = EXIT_FETCH;
	}
	settle_wait(true);
	return run_folder_make(err);
}

/* A disk that another program replaces or truncates fails in many ways: name that cause instead. */
static void explain_failure(
	const struct plan *plan, const struct disk_lock *lock, struct error *err)
{
	struct error changed = { 0 };

	if (lock->lock_fd < 0 || disk_lock_check(lock, plan, &changed) == 0)
		return;
	log_line("disk: %s", err->text);
	*err = changed;
}

/* Waits until the machine's disks have appeared, also as a service of a live system, which starts when
 * its own file systems are mounted. An install on image files does not depend on them. */
static int settle_machine(
	const struct options *options, struct error *ret_no_medium, struct error *err)
{
	if (options->as_init)
		return prepare_machine(ret_no_medium, err);
	if (!config_sources_name_image(options))
		settle_wait(false);
	return 0;
}

/* Installs, and reports what came of it. */
static int install_guest(struct shared_state *shared, struct decision *d, struct error *err)
{
	struct disk_lock lock = DISK_LOCK_NONE;
	int r = carry_out(shared, d, &lock, err);

	if (r < 0) {
		explain_failure(&d->plan, &lock, err);
		disk_lock_invalidate_boot_fs(&lock);
	}
	disk_lock_release(&lock);
	if (r < 0)
		return r;
	progress_end(shared);
	results_report_install(shared, &d->plan);
	start_guest_report(shared, d->config.on_success);
	return 0;
}

static int install(const struct options *options, struct shared_state *shared, struct error *err)
{
	static struct decision decision;
	int r;

	progress_begin(shared, STAGE_START, "waiting for the devices");
	r = mount_isolate(err);
	if (r < 0)
		return r;
	r = settle_machine(options, &decision.no_medium, err);
	if (r < 0)
		return r;
	r = decide(options, shared, &decision, err);
	if (r < 0)
		return r;
	if (decision.installed.found)
		return start_guest_installed(
			shared, &decision.candidates, &decision.installed, TARGET_PATH, err);
	return install_guest(shared, &decision, err);
}

/* Runs in the supervised child. */
static int install_work(struct shared_state *shared, void *userdata)
{
	struct error err = { 0 };
	int r = install(userdata, shared, &err);

	results_report_memory(shared);
	report_events_end();
	return shared_state_finish(shared, r, &err);
}

/* Prints what install would do; writes nothing. */
static int run_plan_command(const struct options *options)
{
	static struct decision decision;
	struct shared_state *shared = shared_state_new();
	struct error err = { 0 };
	int r;

	console_silence();
	/* Only root can mount a key drive, and only then is there something to keep private. */
	r = geteuid() == 0 ? run_folder_make_private(&err) : 0;
	if (r == 0)
		r = decide(options, shared, &decision, &err);
	if (r < 0 && err.code == 0)
		err.code = stage_exit_code(shared->stage);
	if (r < 0)
		candidates_judge(&decision.candidates, &decision.config);
	const struct plan_answer answer = {
		.disks = decision.candidates.disks,
		.disk_count = decision.candidates.count,
		.selection = &decision.candidates.selection,
		.plan = r < 0 ? NULL : &decision.plan,
		.refusal = r < 0 ? &err : NULL,
		.stage = shared->stage,
	};

	print_plan(&answer, options->json);
	return r < 0 ? err.code : EXIT_INSTALLED;
}

static int run_verify_command(const struct options *options)
{
	struct error err = { 0 };

	console_silence();
	if (run_folder_make_private(&err) < 0) {
		fprintf(stderr, "guest-installer: %s\n", err.text);
		return EXIT_MOUNT;
	}
	return verify_command_run(options, TARGET_PATH);
}

static _Noreturn void run_as_init(void)
{
	struct shared_state *shared = shared_state_new();
	struct options options;

	options_init(&options);
	options.as_init = true;
	pid1_prepare();
	guest_agent_port_start();
	channels_open(true);
	supervise_end_machine(shared, supervise(NULL, install_work, &options, shared));
}

static void show_line(const char *line, size_t size_bytes)
{
	console_write(line, size_bytes, false);
}

int main(int argc, char **argv)
{
	struct options options;
	struct error err;

	/* Before PID 1 has mounted /proc, its own path is that of the kernel's argument. */
	processor_prefer_plain_code(getpid() == 1 ? argv[0] : "/proc/self/exe", argv);
	log_set_sink(show_line);
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
		printf("guest-installer %s (commit %s)\n", version_number, version_commit);
		return 0;
	case COMMAND_PLAN:
		return run_plan_command(&options);
	case COMMAND_VERIFY:
		return run_verify_command(&options);
	case COMMAND_CHECK:
		return check_command_run(&options);
	case COMMAND_IMAGE:
		return image_command_run(&options);
	case COMMAND_INSTALL:
		break;
	}
	channels_open(false);
	return supervise(run_folder_make_private, install_work, &options, shared_state_new());
}
