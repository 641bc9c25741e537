/* SPDX-License-Identifier: MIT */
#include "image_publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/encoding.h"
#include "verdict/progress.h"

#define BOOT_DISK 0 /* of layout pygrub, in the plan */

/* What image_publish was called with. */
struct publication {
	const struct image_decision *decision;
	const struct image_file *file, *boot_file;
	bool with_sum;
};

static int mark_as_installed(const struct publication *publication, struct error *err)
{
	const struct plan *plan = &publication->decision->plan;
	struct install_mark mark;
	int r = 0;

	if (publication->boot_file->fd >= 0) {
		plan_install_mark(plan, BOOT_DISK, MARK_INSTALLED, &mark);
		r = install_mark_write(publication->boot_file->fd, 0, &mark, err);
	}
	if (r < 0)
		return r;
	plan_install_mark(plan, plan->root, MARK_INSTALLED, &mark);
	return install_mark_write(
		publication->file->fd, plan->partitions[plan->root].offset_bytes, &mark, err);
}

static int write_output(const struct publication *publication, const struct image_output *output,
	const struct image_file *file, const char *prefix, struct error *err)
{
	struct shared_state *shared = publication->decision->shared;
	char hex[HEX_CHARS(SHA256_BYTES) + 1], key[64];
	uint8_t sum[SHA256_BYTES];
	uint64_t size_bytes;
	int r = image_output_write(
		output, file, &size_bytes, publication->with_sum ? sum : NULL, err);

	if (r < 0)
		return r;
	snprintf(key, sizeof(key), "%simage-bytes", prefix);
	progress_result(shared, key, "%" PRIu64, size_bytes);
	if (!publication->with_sum)
		return 0;
	hex_encode(sum, sizeof(sum), hex);
	snprintf(key, sizeof(key), "%simage-sha256", prefix);
	progress_result(shared, key, "%s", hex);
	return 0;
}

/* The boot disk first: the root has the name that a script waits for. One without the other is no
 * guest. */
static int publish_pair(const struct publication *publication, struct error *err)
{
	const struct image_decision *decision = publication->decision;
	const struct image_output *boot = &decision->boot_output;
	int r = write_output(publication, boot, publication->boot_file, "boot-", err);

	if (r < 0)
		return r;
	r = write_output(publication, &decision->output, publication->file, "", err);
	if (r < 0 && !boot->is_device)
		unlink(boot->path);
	return r;
}

int image_publish(const struct image_decision *decision, const struct image_file *file,
	const struct image_file *boot_file, bool with_sum, struct error *err)
{
	const struct publication publication = { decision, file, boot_file, with_sum };
	int r = mark_as_installed(&publication, err);

	if (r < 0)
		return r;
	if (boot_file->fd >= 0)
		return publish_pair(&publication, err);
	return write_output(&publication, &decision->output, file, "", err);
}
