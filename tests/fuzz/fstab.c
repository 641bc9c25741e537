/* SPDX-License-Identifier: MIT */
/* Any text as a system's fstab. */
#include <errno.h>

#include "fuzz.h"
#include "verify/fstab.h"

static const struct plan plan = {
	.partitions = { { .fs_label = "nixos", .fs_uuid = "1-2", .uuid = "3", .mount_path = "/" },
		{ .fs_label = "ESP", .mount_path = "/boot" } },
	.partition_count = 2,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	int r = fstab_check(text, &plan, &err);

	promised(r == 0 || (r == -EBADMSG && fuzz_error_is_set(&err)));
	return 0;
}
