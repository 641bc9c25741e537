/* SPDX-License-Identifier: MIT */
#include "clone_image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "base/uuid.h"
#include "ext4/ext4_files.h"
#include "guest/sshd_config.h"
#include "image/image_copy.h"
#include "image/image_guest.h"
#include "image/image_identity.h"
#include "image/image_owner.h"
#include "image/image_verify.h"
#include "image_publish.h"
#include "input/host_key_make.h"
#include "results.h"
#include "verdict/progress.h"
#include "verify/installed_disk.h"

#define TEXT_MAX_BYTES ((size_t)256 * 1024)

static int refuse_source(const struct clone_image *clone, const char *sentence, struct error *err)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL, "%s %s",
		clone->decision->options->image.from, sentence);
}

/* -------------------------------------------------------- the copy */

static int copy_one(const char *from, const struct image_output *output, struct image_file *ret,
	struct error *err)
{
	bool qcow2;
	int r = image_copy_check(from, &qcow2, err);

	if (r < 0)
		return r;
	return image_copy_make(from, qcow2, output->folder, ret, err);
}

static int copy_source(struct clone_image *clone, const char *boot_from, struct error *err)
{
	struct image_decision *decision = clone->decision;
	int r;

	if ((boot_from != NULL) != (decision->options->image.boot_output != NULL))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"An image of the layout pygrub has two disks: name its boot disk by --boot-disk, and that of the copy by --boot-output.");
	progress_begin(decision->shared, STAGE_COPY, "copying the image");
	r = copy_one(decision->options->image.from, &decision->output, &clone->file, err);
	if (r < 0 || !boot_from)
		return r;
	return copy_one(boot_from, &decision->boot_output, &clone->boot_file, err);
}

/* The plan of the copy. Until it is given its name, messages name the source. */
static int read_copy(struct clone_image *clone, const char *boot_from, struct error *err)
{
	struct plan *plan = &clone->decision->plan;
	int r = installed_disk_read(clone->file.path, boot_from ? clone->boot_file.path : NULL,
		plan, clone->first_sector, err);

	if (r < 0)
		return refuse_source(clone,
			"holds no guest in a layout that guest-installer makes: name the image of a guest that it has made.",
			err);
	plan->sector_bytes = SECTOR_BYTES;
	snprintf(plan->disk_path, sizeof(plan->disk_path), "%s",
		clone->decision->options->image.from);
	snprintf(plan->open_path, sizeof(plan->open_path), "%s", clone->file.path);
	if (!boot_from)
		return 0;
	snprintf(plan->boot_disk_path, sizeof(plan->boot_disk_path), "%s", boot_from);
	snprintf(plan->boot_open_path, sizeof(plan->boot_open_path), "%s", clone->boot_file.path);
	return 0;
}

static int check_mark(const struct clone_image *clone, struct error *err)
{
	const struct plan *plan = &clone->decision->plan;
	struct install_mark mark;
	int r = install_mark_read(
		clone->file.fd, plan->partitions[plan->root].offset_bytes, &mark, err);

	if (r < 0 || mark.state == MARK_INSTALLED)
		return r;
	return refuse_source(clone,
		mark.state == MARK_UNFINISHED
			? "holds an install that was not finished: name the image of a finished guest."
			: "was not made by guest-installer: name the image of a guest that it has made.",
		err);
}

static int check_copy(const struct clone_image *clone, bool has_boot_disk, struct error *err)
{
	const struct plan *plan = &clone->decision->plan;
	int r = check_mark(clone, err);

	if (r < 0)
		return r;
	if (plan->layout == LAYOUT_BIOS)
		return refuse_source(clone,
			"holds a guest that GRUB starts, and GRUB finds its root by the UUID, which two guests must not share: install the second guest, too.",
			err);
	if (plan->layout == LAYOUT_PYGRUB && !has_boot_disk)
		return refuse_source(clone,
			"is the root disk of a guest of layout pygrub: name its boot disk by --boot-disk, and that of the copy by --boot-output.",
			err);
	return image_identity_check(plan, err);
}

/* A device has its size; a file keeps that of the source, or gets a larger one. */
static int set_size(struct clone_image *clone, struct error *err)
{
	struct image_decision *decision = clone->decision;
	struct plan *plan = &decision->plan;
	uint64_t wanted = decision->output.is_device ? decision->output.device_bytes
						     : decision->options->image.size_bytes;
	char have[TEXT_SIZE_BYTES], want[TEXT_SIZE_BYTES];

	if (wanted == 0 || wanted == plan->disk_bytes)
		return 0;
	if (wanted < plan->disk_bytes)
		return error_set_code(err, EXIT_TOO_SMALL, -ENOSPC,
			"%s has %s, and its copy cannot have %s: say a size that is no smaller.",
			decision->options->image.from, text_size(have, plan->disk_bytes),
			text_size(want, wanted));
	if (ftruncate(clone->file.fd, (off_t)wanted) < 0)
		return error_errno_host(err, -errno, "make a file of %" PRIu64 " bytes", wanted);
	plan->disk_bytes = wanted;
	return 0;
}

/* -------------------------------------------------------- its own keys */

static bool wants_host_key(const struct clone_image *clone, const char *root)
{
	const struct image_decision *decision = clone->decision;
	AUTO_FREE char *text = NULL;
	char path[FILE_PATH_BYTES];
	struct error none;

	if (decision->config.host_keys.mode == HOST_KEYS_NONE ||
		host_key_file_find(&decision->given_host_keys, "ssh_host_ed25519_key"))
		return false;
	file_below(path, decision->plan.system, "/etc/ssh/sshd_config");
	return file_read_inside(root, path, TEXT_MAX_BYTES, &text, NULL, &none) == 0 &&
	       (sshd_host_keys(text) & SSHD_ED25519);
}

/* Other types are made by the guest at its first boot. */
static int make_own_host_key(struct clone_image *clone, const char *root, struct error *err)
{
	struct given_host_keys *keys = &clone->decision->given_host_keys;
	uint8_t seed[HOST_KEY_SEED_BYTES];
	uint32_t check;

	if (!wants_host_key(clone, root))
		return 0;
	if (keys->count == HOST_KEYS_GIVEN_MAX)
		return error_set_code(err, EXIT_NO_KEY, -E2BIG,
			"There are too many host keys: give one of type ed25519 and few others.");
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) ||
		getrandom(&check, sizeof(check), 0) != (ssize_t)sizeof(check))
		return error_errno(err, -errno, "get random bytes");
	host_key_make(seed, check, &keys->pairs[keys->count++]);
	explicit_bzero(seed, sizeof(seed));
	return 0;
}

/* -------------------------------------------------------- writing */

static int change_owner(struct ext4_files *files, void *userdata, struct error *err)
{
	struct image_writer *writer = userdata;
	int r;

	writer->files = files;
	r = image_owner_remove(writer, err);
	if (r < 0)
		return r;
	r = image_owner_add(writer, err);
	if (r < 0)
		return r;
	return image_owner_add_log(writer, "as a copy of an image", "", err);
}

static int personalise(struct clone_image *clone, struct error *err)
{
	struct image_decision *decision = clone->decision;
	struct plan *plan = &decision->plan;
	char folder[FILE_PATH_BYTES];
	struct image_view view;
	struct image_writer writer = { .request = &clone->request, .view = &view };
	int r;

	snprintf(plan->keys_user, sizeof(plan->keys_user), "%s", decision->config.keys_user);
	image_decision_set_request(decision, &clone->manifest, NULL, &clone->request);
	file_below(folder, decision->folder, "/view");
	r = image_view_open(plan, plan->root, folder, &view, err);
	if (r < 0)
		return r;
	r = image_guest_read(plan, &view, &clone->manifest, &clone->request.accounts_assumed, err);
	if (r == 0)
		r = make_own_host_key(clone, view.root, err);
	if (r == 0)
		r = ext4_files_change(plan_open_path(plan, plan->root),
			plan->partitions[plan->root].offset_bytes, change_owner, &writer, err);
	image_view_close(&view);
	return r;
}

/* -------------------------------------------------------- the whole */

static int give_identity(struct clone_image *clone, struct error *err)
{
	struct image_decision *decision = clone->decision;

	if (!decision->config.seed[0])
		uuid_choose(decision->config.seed);
	progress_begin(decision->shared, STAGE_PARTITION, "changing the identifiers");
	return image_identity_renew(
		&decision->plan, clone->file.fd, clone->boot_file.fd, decision->config.seed, err);
}

static int finish_clone(struct clone_image *clone, struct error *err)
{
	struct image_decision *decision = clone->decision;
	struct verified verified = { .ssh_port = 0 };
	int r;

	progress_begin(decision->shared, STAGE_VERIFY, "reading the copy back");
	r = image_verify(&clone->request, &verified, err);
	if (r < 0)
		return r;
	results_report_verified(decision->shared, &clone->manifest, &verified);
	snprintf(decision->plan.disk_path, sizeof(decision->plan.disk_path), "%s",
		decision->output.path);
	if (decision->boot_output.path)
		snprintf(decision->plan.boot_disk_path, sizeof(decision->plan.boot_disk_path), "%s",
			decision->boot_output.path);
	return image_publish(decision, &clone->file, &clone->boot_file, false, err);
}

int clone_image_make(struct clone_image *clone, struct error *err)
{
	struct image_decision *decision = clone->decision;
	const char *boot_from = options_find_set(decision->options, "boot-disk");
	int r = copy_source(clone, boot_from, err);

	if (r < 0)
		return r;
	r = read_copy(clone, boot_from, err);
	if (r < 0)
		return r;
	r = check_copy(clone, boot_from != NULL, err);
	if (r < 0)
		return r;
	r = set_size(clone, err);
	if (r < 0)
		return r;
	r = give_identity(clone, err);
	if (r < 0)
		return r;
	progress_begin(decision->shared, STAGE_KEYS, "writing the keys");
	r = personalise(clone, err);
	if (r < 0)
		return r;
	return finish_clone(clone, err);
}
