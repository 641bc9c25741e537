/* SPDX-License-Identifier: MIT */
#include "disk/image_container.h"

#include <string.h>

static const struct {
	const char *name, *magic;
	size_t bytes, offset_bytes;
} containers[] = {
	{ "qcow2", "QFI\xfb", 4, 0 },
	{ "QED", "QED", 4, 0 },
	{ "VMDK", "KDMV", 4, 0 },
	{ "VMDK", "COWD", 4, 0 },
	{ "VMDK", "# Disk DescriptorFile", 21, 0 },
	{ "VDI", "\x7f\x10\xda\xbe", 4, 64 },
	{ "VHDX", "vhdxfile", 8, 0 },
	{ "VHD", "conectix", 8, 0 },
	{ "Parallels", "WithoutFreeSpace", 16, 0 },
	{ "Parallels", "WithouFreSpacExt", 16, 0 },
};

const char *image_container_name(const uint8_t *start, size_t size_bytes)
{
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
		size_t end = containers[i].offset_bytes + containers[i].bytes;

		if (size_bytes >= end && memcmp(start + containers[i].offset_bytes,
						 containers[i].magic, containers[i].bytes) == 0)
			return containers[i].name;
	}
	return NULL;
}
