/* SPDX-License-Identifier: MIT */
#include "verify/grub_disk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/littleendian.h"
#include "base/units.h"

#define CORE_MAX_BYTES (4 * 1024 * 1024)

/* Offsets in the first sector: the code begins after the BPB and the fields that grub-install
 * fills in, and ends where MBR's disk id begins. */
#define KERNEL_SECTOR_OFFSET 0x5c
#define CODE_OFFSET	     0x68
#define CODE_END	     0x1b8 /* of any boot code: UEFI 2.10, 5.2.1 */
#define MAGIC_OFFSET	     0x1fe

/* In the core image: the block list at the end of its first sector and the second sector's header
 * are filled in when it is embedded. */
#define BLOCK_LIST_OFFSET 0x1f4
#define BODY_OFFSET	  (2 * SECTOR_BYTES)

static int read_grub_disk(
	int fd, uint64_t offset_bytes, uint8_t *ret, size_t size_bytes, struct error *err)
{
	ssize_t n = file_read_at(fd, ret, size_bytes, offset_bytes);

	if (n < 0)
		return error_errno(err, (int)n, "read the boot loader back from the disk");
	if ((size_t)n != size_bytes)
		return error_set_code(err, EXIT_VERIFY, -EBADMSG,
			"The first sector points GRUB past the end of the disk.");
	return 0;
}

static int check_first_sector(const uint8_t *sector, const char *image, struct error *err)
{
	if (sector[MAGIC_OFFSET] == 0x55 && sector[MAGIC_OFFSET + 1] == 0xaa &&
		memcmp(sector + CODE_OFFSET, image + CODE_OFFSET, CODE_END - CODE_OFFSET) == 0)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"The disk's first sector is not the one that GRUB has installed.");
}

static int check_core(const uint8_t *core, const char *image, size_t size_bytes, struct error *err)
{
	if (memcmp(core, image, BLOCK_LIST_OFFSET) == 0 &&
		memcmp(core + BODY_OFFSET, image + BODY_OFFSET, size_bytes - BODY_OFFSET) == 0)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"GRUB's core image on the disk is not the one that grub-install has made.");
}

static int read_image(const char *folder, const char *name, size_t min_bytes, char **ret,
	size_t *ret_bytes, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, folder, "/%s", name);
	r = file_read(path, CORE_MAX_BYTES, ret, ret_bytes, err);
	if (r < 0)
		return r;
	if (*ret_bytes < min_bytes)
		return error_set_code(err, EXIT_VERIFY, -EBADMSG,
			"%s is too short (%zu bytes) to be GRUB's.", path, *ret_bytes);
	return 0;
}

int grub_disk_verify(
	int disk_fd, const uint8_t *first_sector, const char *folder, struct error *err)
{
	AUTO_FREE char *boot = NULL, *core_image = NULL;
	AUTO_FREE uint8_t *core = NULL;
	size_t boot_bytes, core_bytes;
	int r;

	r = read_image(folder, "boot.img", SECTOR_BYTES, &boot, &boot_bytes, err);
	if (r < 0)
		return r;
	r = read_image(folder, "core.img", BODY_OFFSET, &core_image, &core_bytes, err);
	if (r < 0)
		return r;
	r = check_first_sector(first_sector, boot, err);
	if (r < 0)
		return r;
	core = must_realloc(NULL, core_bytes, 1);
	r = read_grub_disk(disk_fd, get_le64(first_sector + KERNEL_SECTOR_OFFSET) * SECTOR_BYTES,
		core, core_bytes, err);
	if (r < 0)
		return r;
	return check_core(core, core_image, core_bytes, err);
}

bool grub_disk_has_boot_code(const uint8_t *first_sector)
{
	for (size_t i = 0; i < CODE_END; i++)
		if (first_sector[i])
			return true;
	return false;
}
