/* SPDX-License-Identifier: MIT */
/* Any text as a system's fstab: the file of a guest is untrusted. */
#include <errno.h>

#include "disk/mount.h"
#include "mutate.h"
#include "verify/fstab.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static const struct plan plan = {
	.partitions = { { .fs_label = "nixos", .fs_uuid = "1-2", .uuid = "3", .mount_path = "/" },
		{ .fs_label = "ESP", .mount_path = "/boot" } },
	.partition_count = 2,
};

static int check_line(const char *device, const char *path, const char *options, void *userdata,
	struct error *err)
{
	const struct fstab_line line = { .device = device, .path = path, .options = options };
	bool elsewhere;

	(void)userdata;
	return fstab_check_line(&line, &plan, "/root/.ssh/authorized_keys", &elsewhere, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	int r = mount_read_fstab(text, check_line, NULL, &err);

	promised(r == 0 || (r == -EBADMSG && fuzz_error_is_set(&err)));
	return 0;
}
