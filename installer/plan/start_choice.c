/* SPDX-License-Identifier: MIT */
#include "plan/start_choice.h"

#include <errno.h>
#include <stddef.h>

#include "base/crc32.h"

uint32_t start_choice_checksum(const uint8_t superblock[SUPERBLOCK_BYTES])
{
	return crc32_ieee(superblock, SUPERBLOCK_BYTES);
}

static bool came_back(const struct last_start *last)
{
	return last->mark.start != MARK_START_NONE &&
	       last->mark.start_superblock == last->superblock;
}

static bool kexec_failed_on_xen(const struct last_start *last)
{
	return last->on_xen && (last->mark.start == MARK_START_EJECT ||
				       (last->mark.start == MARK_START_KEXEC && came_back(last)));
}

int start_choice_check_return(const struct last_start *last, struct error *err)
{
	if (!came_back(last) || (last->on_xen && last->mark.start == MARK_START_KEXEC))
		return 0;
	return error_set_code(err, EXIT_ALREADY_INSTALLED, -ELOOP,
		"This machine is already installed, and the last start of its guest %s came back to the ISO before the guest had mounted its root file system: detach the ISO, or let the machine start from the disk first.",
		last->mark.start == MARK_START_KEXEC ? "by kexec" : "with the medium ejected");
}

const char *start_choice_why_no_kexec(const struct last_start *last, bool files_known)
{
	if (kexec_failed_on_xen(last))
		return "A start by kexec came back: the toolstack of this domain of Xen does not reset it softly.";
	if (!files_known)
		return "The boot entry starts a unified kernel image, or has a device tree, so only the firmware can start it.";
	return NULL;
}

int start_choice_check_firmware(enum layout layout, struct error *err)
{
	if (!layout_needs_host(layout))
		return 0;
	return error_set(err, -EOPNOTSUPP,
		"A guest of the layout %s is started by its host and by no firmware.",
		layout_name(layout));
}
