/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <sys/resource.h>

#include "disk/layout.h"
#include "verdict/progress.h"

void results_tell_verified(struct outcome *outcome, const struct verified *verified)
{
	progress_result(outcome, "kernel", "%s", verified->boot.kernel);
	progress_result(outcome, "initrd", "%s", verified->boot.initrd);
	progress_result(outcome, "cmdline", "%s", verified->boot.command_line);
	progress_result(outcome, "nar-bytes", "%llu", (unsigned long long)verified->size.nar_bytes);
	progress_result(outcome, "store-paths", "%zu", verified->size.paths);
	for (size_t i = 0; i < verified->host_keys.count; i++) {
		const struct hostkey *key = &verified->host_keys.keys[i];

		progress_result(outcome, "ssh-host-key", "%s", key->public_key);
		progress_result(outcome, "ssh-host-key-fingerprint", "%s", key->fingerprint);
	}
}

void results_tell_install(struct outcome *outcome, const struct plan *plan)
{
	progress_result(outcome, "system", "%s", plan->system);
	progress_result(outcome, "disk", "%s", plan->disk_path);
	if (plan->boot_disk_path[0])
		progress_result(outcome, "boot-disk", "%s", plan->boot_disk_path);
	progress_result(outcome, "layout", "%s", layout_name(plan->layout));
	progress_result(outcome, "root-uuid", "%s", plan->partitions[plan->root].fs_uuid);
	progress_tell_seconds(outcome);
}

void results_tell_memory(struct outcome *outcome)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	progress_result(outcome, "peak-memory-kib", "%ld", usage.ru_maxrss);
}
