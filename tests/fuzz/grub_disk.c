/* SPDX-License-Identifier: MIT */
/* Any bytes as the disk, as boot.img and as core.img, with a byte of 0xff between them. */
#include <errno.h>
#include <sys/mman.h>

#include "disk/layout.h"
#include "folder.h"
#include "verify/grub_disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const char *folder = fuzz_folder_get(NULL, 0);
	AUTO_CLOSE int fd = memfd_create("disk", MFD_CLOEXEC);
	struct error err = FUZZ_NO_ERROR;
	uint8_t sector[BOOT_SECTOR_BYTES] = { 0 };
	size_t part_bytes;
	const uint8_t *part = fuzz_part(&data, &size_bytes, &part_bytes);
	int r;

	promised(fd >= 0 && write(fd, part, part_bytes) == (ssize_t)part_bytes);
	memcpy(sector, part, part_bytes < sizeof(sector) ? part_bytes : sizeof(sector));
	part = fuzz_part(&data, &size_bytes, &part_bytes);
	fuzz_folder_write("/boot.img", part, part_bytes);
	fuzz_folder_write("/core.img", data, size_bytes);
	r = grub_disk_verify(fd, sector, folder, &err);
	promised(r == 0 || fuzz_error_is_set(&err));
	if (r == 0)
		promised(part_bytes >= sizeof(sector) && sector[510] == 0x55);
	return 0;
}
