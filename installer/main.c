/* SPDX-License-Identifier: MIT */
/*
 * main — the order of an install.
 *
 * install_decide() reads everything and makes the plan. All refusals are there, and it writes
 * nothing. carry_out() performs all writes. install() calls both in the child that supervise()
 * watches.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"
#include "check_command.h"
#include "disk/mount.h"
#include "format/dev_links.h"
#include "format/disk_transaction.h"
#include "format/format.h"
#include "format/partition.h"
#include "image_command.h"
#include "init/iso_medium.h"
#include "init/pid1.h"
#include "init/processor.h"
#include "init/run_folder.h"
#include "init/settle.h"
#include "init/supervise.h"
#include "install_decision.h"
#include "install_steps.h"
#include "plan_command.h"
#include "results.h"
#include "start_guest.h"
#include "target.h"
#include "verdict/channels.h"
#include "verdict/console.h"
#include "verdict/guest_agent_port.h"
#include "verdict/progress.h"
#include "verdict/report_events.h"
#include "verify_command.h"

/* Whether an earlier install on the target was interrupted. */
static bool is_resumed(const struct install_decision *d)
{
	const struct disk *target = candidates_target(&d->candidates);

	return target->marks[d->plan.layout].state == MARK_UNFINISHED;
}

/* Writes the disk, in this order: the mark `unfinished`, the partition table, the file systems, the
 * content, and the mark `installed` last. The boot sector is blank from the table to the end,
 * except while the boot loader is installed. The engine cache fills the root with libext2fs before
 * it is mounted; nixos-install fills the mounted one. */
static int carry_out(struct shared_state *shared, struct install_decision *d,
	struct disk_lock *lock, struct error *err)
{
	int r;

	progress_begin(shared, STAGE_PARTITION, "writing the partition table");
	r = disk_lock_take(&d->plan, lock, err);
	if (r < 0)
		return r;
	r = candidates_check_unchanged(&d->candidates, &d->plan, err);
	if (r < 0)
		return r;
	r = disk_transaction_begin(lock, &d->plan, is_resumed(d), err);
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
	r = target_fill(shared, d, lock, err);
	if (r < 0)
		return r;

	progress_begin(shared, STAGE_VERIFY, "reading everything back");
	r = disk_lock_flush(lock, err);
	if (r < 0)
		return r;
	r = target_verify(shared, d, lock, err);
	if (r < 0)
		return r;
	return disk_transaction_commit(lock, &d->plan, err);
}

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

/* Waits until the machine's disks have appeared, also as a service of a live system, which starts
 * when its own file systems are mounted. An install on image files does not depend on them. */
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
static int install_guest(struct shared_state *shared, struct install_decision *d, struct error *err)
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
	static struct install_decision decision;
	int r;

	progress_begin(shared, STAGE_START, "waiting for the devices");
	r = mount_isolate(err);
	if (r < 0)
		return r;
	r = settle_machine(options, &decision.no_medium, err);
	if (r < 0)
		return r;
	r = install_decide(options, shared, &decision, err);
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

static int run_verify_command(const struct options *options)
{
	struct error err = { 0 };

	console_silence();
	if (verify_command_check(options, &err) < 0) {
		fprintf(stderr, "guest-installer: %s\n", err.text);
		return err.code;
	}
	if (run_folder_make_private(&err) < 0) {
		fprintf(stderr,
			"guest-installer: %s: verify mounts the guest's file systems, so run it as root.\n",
			err.text);
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
		return plan_command_run(&options);
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
