/* SPDX-License-Identifier: MIT */
#include "image_command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "clone_image.h"
#include "config/source_date.h"
#include "format/format.h"
#include "format/partition_table.h"
#include "image/image_boot_disk.h"
#include "image/image_boot_view.h"
#include "image/image_esp.h"
#include "image/image_root.h"
#include "image/image_verify.h"
#include "image_decision.h"
#include "image_publish.h"
#include "init/supervise.h"
#include "results.h"
#include "store/copy.h"
#include "verdict/channels.h"
#include "verdict/progress.h"

/* One image, from the decision to the files. */
struct run {
	struct image_decision decision;
	struct image_file file, boot_file;
	struct image_request request;
};

/* -------------------------------------------------------- from the first write on */

static int set_time(struct run *run, int64_t time_s, struct error *err)
{
	char text[32];

	run->request.time_s = time_s;
	/* libext2fs reads it. */
	snprintf(text, sizeof(text), "%" PRId64, time_s);
	if (setenv("E2FSPROGS_FAKE_TIME", text, 1) < 0)
		return error_errno_host(err, -errno, "set the time of the image");
	return 0;
}

static int make_files(struct run *run, struct error *err)
{
	struct plan *plan = &run->decision.plan;
	int r;

	progress_begin(run->decision.shared, STAGE_PARTITION, "writing the partition table");
	r = set_time(run, run->decision.engine.source_date_s, err);
	if (r < 0)
		return r;
	r = image_file_make(run->decision.output.folder, plan->disk_bytes, &run->file, err);
	if (r < 0)
		return r;
	snprintf(plan->open_path, sizeof(plan->open_path), "%s", run->file.path);
	if (layout_has_table(plan->layout))
		return partition_table_write(plan, run->file.fd, err);
	r = image_file_make(
		run->decision.boot_output.folder, plan->boot_disk_bytes, &run->boot_file, err);
	if (r < 0)
		return r;
	snprintf(plan->boot_open_path, sizeof(plan->boot_open_path), "%s", run->boot_file.path);
	return 0;
}

static int copy_store_to_image(struct run *run, struct error *err)
{
	const struct plan *plan = &run->decision.plan;
	const struct copy_target target = {
		.path = plan->open_path,
		.offset_bytes = plan->partitions[plan->root].offset_bytes,
		.workers = run->decision.config.workers,
	};

	progress_begin(run->decision.shared, STAGE_COPY, "copying the store");
	return copy_closure(&run->decision.config.cache, &run->decision.engine.closure, &target,
		progress_bytes, run->decision.shared, err);
}

/* What the boot of each layout needs besides the root file system. */
static int make_bootable_image(struct run *run, struct image_view *view, struct error *err)
{
	const struct plan *plan = &run->decision.plan;
	struct boot_files files;
	int r = image_boot_view_show(view, plan->system, &files, err);

	if (r < 0)
		return r;
	progress_begin(run->decision.shared, STAGE_BOOT_LOADER, "installing the boot loader");
	if (plan->layout == LAYOUT_PYGRUB)
		return image_boot_disk_fill(&run->request, view, &files, err);
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].role == ROLE_ESP)
			return image_esp_fill(&run->request, i, view, err);
	return 0;
}

static int fill_image(struct run *run, struct error *err)
{
	char folder[FILE_PATH_BYTES];
	struct image_view view;
	int r;

	file_below(folder, run->decision.folder, "/view");
	r = image_view_open(&run->decision.plan, run->decision.plan.root, folder, &view, err);
	if (r < 0)
		return r;
	progress_begin(run->decision.shared, STAGE_DATABASE, "registering the store paths");
	r = image_root_fill(&run->request, &view, err);
	if (r == 0)
		r = make_bootable_image(run, &view, err);
	image_view_close(&view);
	return r;
}

static int carry_out_image(struct run *run, struct error *err)
{
	struct verified verified;
	int r = make_files(run, err);

	if (r < 0)
		return r;
	progress_begin(run->decision.shared, STAGE_FORMAT, "run the file systems");
	r = format_all(&run->decision.plan, err);
	if (r < 0)
		return r;
	r = copy_store_to_image(run, err);
	if (r < 0)
		return r;
	image_decision_set_request(&run->decision, &run->decision.engine.manifest,
		&run->decision.engine.closure, &run->request);
	run->request.accounts_assumed = run->decision.accounts_assumed;
	r = fill_image(run, err);
	if (r < 0)
		return r;
	progress_begin(run->decision.shared, STAGE_VERIFY, "reading everything back");
	r = image_verify(&run->request, &verified, err);
	if (r < 0)
		return r;
	results_report_verified(run->decision.shared, &run->decision.engine.manifest, &verified);
	return image_publish(&run->decision, &run->file, &run->boot_file, true, err);
}

/* -------------------------------------------------------- the processes */

static int make_image(struct run *run, struct error *err)
{
	int r = image_decide(&run->decision, err);

	if (r < 0)
		return r;
	return carry_out_image(run, err);
}

static int clone_from(struct run *run, struct error *err)
{
	static struct clone_image clone = { .file = IMAGE_FILE_NONE, .boot_file = IMAGE_FILE_NONE };
	int64_t time_s;
	int r = image_decide_inputs(&run->decision, err);

	if (r < 0)
		return r;
	r = source_date_choose(&run->decision.config, &time_s, err);
	if (r < 0)
		return r;
	r = set_time(run, time_s, err);
	if (r < 0)
		return r;
	clone.decision = &run->decision;
	clone.request.time_s = time_s;
	return clone_image_make(&clone, err);
}

static int image_work(struct shared_state *shared, void *userdata)
{
	struct run *run = userdata;
	struct error err = { 0 };
	int r;

	run->decision.shared = shared;
	r = run->decision.options->image.from ? clone_from(run, &err) : make_image(run, &err);
	if (r == 0) {
		progress_end(shared);
		results_report_install(shared, &run->decision.plan);
	}
	return shared_state_finish(shared, r, &err);
}

/* With the image on standard output, the protocol is printed to standard error. */
static int take_standard_output(struct run *run, struct error *err)
{
	if (strcmp(run->decision.options->operand, "-") != 0)
		return 0;
	run->decision.output.standard_output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (run->decision.output.standard_output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return error_errno_host(err, -errno, "use standard output");
	return 0;
}

int image_command_run(const struct options *options)
{
	static struct run run = { .file = IMAGE_FILE_NONE, .boot_file = IMAGE_FILE_NONE };
	struct shared_state *shared = shared_state_new();
	struct error err = { 0 };
	int code, r;

	run.decision.options = options;
	r = take_standard_output(&run, &err);
	if (r == 0)
		r = image_folder_make(run.decision.folder, &err);
	if (r < 0) {
		fprintf(stderr, "guest-installer: %s\n", err.text);
		return EXIT_INTERNAL;
	}
	channels_open(false);
	code = supervise(NULL, image_work, &run, shared);
	image_folder_remove(run.decision.folder);
	return code;
}
