/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <sys/resource.h>

#include "disk/layout.h"
#include "verdict/progress.h"

void results_report_verified(struct shared_state *shared, const struct manifest *manifest,
	const struct verified *verified)
{
	progress_result(shared, "kernel", "%s", verified->boot.kernel);
	progress_result(shared, "initrd", "%s", verified->boot.initrd);
	progress_result(shared, "cmdline", "%s", verified->boot.command_line);
	progress_result(shared, "nar-bytes", "%llu", (unsigned long long)verified->size.nar_bytes);
	progress_result(shared, "store-paths", "%zu", verified->size.paths);
	if (verified->ssh_port)
		progress_result(shared, "ssh-port", "%u", verified->ssh_port);
	if (manifest->accounts.used && verified->host_keys.count == 0)
		progress_result(shared, "ssh-host-keys", "first-boot");
	for (size_t i = 0; i < verified->host_keys.count; i++) {
		const struct host_key *key = &verified->host_keys.keys[i];

		progress_result(shared, "ssh-host-key", "%s", key->public_key);
		progress_result(shared, "ssh-host-key-fingerprint", "%s", key->fingerprint);
	}
}

void results_report_place(struct shared_state *shared, const struct plan *plan)
{
	progress_result(shared, "system", "%s", plan->system);
	progress_result(shared, "disk", "%s", plan->disk_path);
	if (plan->boot_disk_path[0])
		progress_result(shared, "boot-disk", "%s", plan->boot_disk_path);
	progress_result(shared, "layout", "%s", layout_name(plan->layout));
}

void results_report_install(struct shared_state *shared, const struct plan *plan)
{
	results_report_place(shared, plan);
	progress_result(shared, "keys-user", "%s", plan->keys_user);
	progress_result(shared, "root-uuid", "%s", plan->partitions[plan->root].fs_uuid);
	progress_report_seconds(shared);
}

void results_report_memory(struct shared_state *shared)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	progress_result(shared, "peak-memory-kib", "%ld", usage.ru_maxrss);
}
