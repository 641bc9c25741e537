/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <errno.h>

#include "disk/mount.h"
#include "format/target_mount.h"
#include "guest/etc_view.h"
#include "guest/host_name.h"
#include "guest/nixos.h"
#include "init/machine.h"
#include "install_steps.h"
#include "plan/guest_check.h"
#include "plan/planner.h"
#include "results.h"
#include "start_guest.h"
#include "verify/boot_loader.h"
#include "verify/verify.h"

/* How the system that nixos-install has built prepares /etc and accounts. */
static int know_built_guest(struct install_decision *d, struct error *err)
{
	if (d->engine.engine != ENGINE_NIXOS_INSTALL)
		return 0;
	etc_view_find(TARGET_PATH, d->plan.system, &d->engine.manifest);
	return planner_choose_host_keys(&d->config, &d->engine.manifest, &d->plan, err);
}

/* The host's cloud data only suggests a name: it asks for nothing of a guest whose /etc is
 * read-only. */
static const char *guest_host_name(const struct install_decision *d)
{
	const struct manifest *manifest = &d->engine.manifest;

	if (d->config.hostname[0])
		return d->config.hostname;
	return manifest->etc_overlay && !manifest->etc_mutable ? "" : d->config.suggested_hostname;
}

static int fill_mounted_target(struct shared_state *shared, struct install_decision *d,
	struct disk_lock *lock, struct error *err)
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
static int with_target(struct shared_state *shared, struct install_decision *d,
	struct disk_lock *lock, bool read_only,
	int (*work)(struct shared_state *shared, struct install_decision *d, struct disk_lock *lock,
		struct error *err),
	struct error *err)
{
	struct error second;
	int r = target_mount_plan(&d->plan, TARGET_PATH, read_only, err);

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
static int find_built_guest(
	struct install_decision *d, const struct disk_lock *lock, struct error *err)
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

static int verify_mounted_target(struct shared_state *shared, struct install_decision *d,
	struct disk_lock *lock, struct error *err)
{
	struct disk_drivers drivers;
	const struct verify_request request = {
		.plan = &d->plan,
		.manifest = &d->engine.manifest,
		.closure = engine_closure(&d->engine),
		.root = TARGET_PATH,
		.disk_fd = lock->lock_fd,
		.first_sector = lock->boot_sector.sector,
		.ssh_keys_text = d->ssh_keys_text,
		.given_host_keys = &d->given_host_keys,
		.drivers = &drivers,
	};
	struct verified verified;
	bool shown;
	int r = find_built_guest(d, lock, err);

	if (r < 0)
		return r;
	disk_drivers_find(candidates_target(&d->candidates)->sysfs_path, &drivers);
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

int target_fill(struct shared_state *shared, struct install_decision *d, struct disk_lock *lock,
	struct error *err)
{
	return with_target(shared, d, lock, false, fill_mounted_target, err);
}

int target_verify(struct shared_state *shared, struct install_decision *d, struct disk_lock *lock,
	struct error *err)
{
	return with_target(shared, d, lock, true, verify_mounted_target, err);
}
