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
struct making {
	struct image_decision decision;
	struct image_file file, boot_file;
	struct image_request request;
};

/* -------------------------------------------------------- from the first write on */

static int set_time(struct making *making, int64_t time_s, struct error *err)
{
	char text[32];

	making->request.time_s = time_s;
	/* libext2fs reads it. */
	snprintf(text, sizeof(text), "%" PRId64, time_s);
	if (setenv("E2FSPROGS_FAKE_TIME", text, 1) < 0)
		return error_errno_host(err, -errno, "set the time of the image");
	return 0;
}

static int make_files(struct making *making, struct error *err)
{
	struct plan *plan = &making->decision.plan;
	int r;

	progress_begin(making->decision.shared, STAGE_PARTITION, "writing the partition table");
	r = set_time(making, making->decision.engine.source_date_s, err);
	if (r < 0)
		return r;
	r = image_file_make(making->decision.output.folder, plan->disk_bytes, &making->file, err);
	if (r < 0)
		return r;
	snprintf(plan->open_path, sizeof(plan->open_path), "%s", making->file.path);
	if (layout_has_table(plan->layout))
		return partition_table_write(plan, making->file.fd, err);
	r = image_file_make(making->decision.boot_output.folder, plan->boot_disk_bytes,
		&making->boot_file, err);
	if (r < 0)
		return r;
	snprintf(plan->boot_open_path, sizeof(plan->boot_open_path), "%s", making->boot_file.path);
	return 0;
}

static void watch_image_copy(uint64_t done_bytes, uint64_t total_bytes, void *shared)
{
	progress_bytes(shared, done_bytes, total_bytes);
}

static int copy_store_to_image(struct making *making, struct error *err)
{
	const struct plan *plan = &making->decision.plan;
	const struct copy_target target = {
		.path = plan->open_path,
		.offset_bytes = plan->partitions[plan->root].offset_bytes,
		.workers = making->decision.config.workers,
	};

	progress_begin(making->decision.shared, STAGE_COPY, "copying the store");
	return copy_closure(&making->decision.config.cache, &making->decision.engine.closure,
		&target, watch_image_copy, making->decision.shared, err);
}

/* What the boot of each layout needs besides the root file system. */
static int make_bootable_image(struct making *making, struct image_view *view, struct error *err)
{
	const struct plan *plan = &making->decision.plan;
	struct boot_files files;
	int r = image_boot_view_show(view, plan->system, &files, err);

	if (r < 0)
		return r;
	progress_begin(making->decision.shared, STAGE_BOOT_LOADER, "installing the boot loader");
	if (plan->layout == LAYOUT_PYGRUB)
		return image_boot_disk_fill(&making->request, view, &files, err);
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].role == ROLE_ESP)
			return image_esp_fill(&making->request, i, view, err);
	return 0;
}

static int fill_image(struct making *making, struct error *err)
{
	char folder[FILE_PATH_BYTES];
	struct image_view view;
	int r;

	file_below(folder, making->decision.folder, "/view");
	r = image_view_open(&making->decision.plan, making->decision.plan.root, folder, &view, err);
	if (r < 0)
		return r;
	progress_begin(making->decision.shared, STAGE_DATABASE, "registering the store paths");
	r = image_root_fill(&making->request, &view, err);
	if (r == 0)
		r = make_bootable_image(making, &view, err);
	image_view_close(&view);
	return r;
}

static int carry_out_image(struct making *making, struct error *err)
{
	struct verified verified;
	int r = make_files(making, err);

	if (r < 0)
		return r;
	progress_begin(making->decision.shared, STAGE_FORMAT, "making the file systems");
	r = format_all(&making->decision.plan, err);
	if (r < 0)
		return r;
	r = copy_store_to_image(making, err);
	if (r < 0)
		return r;
	image_decision_set_request(&making->decision, &making->decision.engine.manifest,
		&making->decision.engine.closure, &making->request);
	making->request.accounts_assumed = making->decision.accounts_assumed;
	r = fill_image(making, err);
	if (r < 0)
		return r;
	progress_begin(making->decision.shared, STAGE_VERIFY, "reading everything back");
	r = image_verify(&making->request, &verified, err);
	if (r < 0)
		return r;
	results_report_verified(
		making->decision.shared, &making->decision.engine.manifest, &verified);
	return image_publish(&making->decision, &making->file, &making->boot_file, true, err);
}

/* -------------------------------------------------------- the processes */

static int make_image(struct making *making, struct error *err)
{
	int r = image_decide(&making->decision, err);

	if (r < 0)
		return r;
	return carry_out_image(making, err);
}

static int clone_from(struct making *making, struct error *err)
{
	static struct clone_image clone = { .file = IMAGE_FILE_NONE, .boot_file = IMAGE_FILE_NONE };
	int64_t time_s;
	int r = image_decide_inputs(&making->decision, err);

	if (r < 0)
		return r;
	r = source_date_choose(&making->decision.config, &time_s, err);
	if (r < 0)
		return r;
	r = set_time(making, time_s, err);
	if (r < 0)
		return r;
	clone.decision = &making->decision;
	clone.request.time_s = time_s;
	return clone_image_make(&clone, err);
}

static int image_work(struct shared_state *shared, void *userdata)
{
	struct making *making = userdata;
	struct error err = { 0 };
	int r;

	making->decision.shared = shared;
	r = making->decision.options->image.from ? clone_from(making, &err)
						 : make_image(making, &err);
	if (r == 0) {
		progress_end(shared);
		results_report_install(shared, &making->decision.plan);
	}
	return shared_state_finish(shared, r, &err);
}

/* With the image on standard output, the protocol is printed to standard error. */
static int take_standard_output(struct making *making, struct error *err)
{
	if (strcmp(making->decision.options->operand, "-") != 0)
		return 0;
	making->decision.output.standard_output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (making->decision.output.standard_output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return error_errno_host(err, -errno, "use standard output");
	return 0;
}

int image_command_run(const struct options *options)
{
	static struct making making = { .file = IMAGE_FILE_NONE, .boot_file = IMAGE_FILE_NONE };
	struct shared_state *shared = shared_state_new();
	struct error err = { 0 };
	int code, r;

	making.decision.options = options;
	r = take_standard_output(&making, &err);
	if (r == 0)
		r = image_folder_make(making.decision.folder, &err);
	if (r < 0) {
		fprintf(stderr, "guest-installer: %s\n", err.text);
		return EXIT_INTERNAL;
	}
	channels_open(false);
	code = supervise(NULL, image_work, &making, shared);
	image_folder_remove(making.decision.folder);
	return code;
}
