/* SPDX-License-Identifier: MIT */
#include "init/machine_signs.h"

#include <string.h>

#include "base/text.h"

/* In a structure of type 0: the second byte of the characteristics' extension. */
#define EXTENSION_2_OFFSET 0x13
#define EXTENSION_2_VM	   (1u << 4)

/* How vendor and product begin. */
static const struct {
	const char *vendor, *product;
} products[] = {
	{ "QEMU", "" },
	{ "", "KVM" },
	{ "KubeVirt", "" },
	{ "OpenStack Foundation", "" },
	{ "Red Hat", "OpenStack" },
	{ "VMware", "" },
	{ "innotek GmbH", "VirtualBox" },
	{ "Oracle Corporation", "VirtualBox" },
	{ "Parallels", "" },
	{ "Xen", "" },
	{ "BHYVE", "" },
	{ "Apple Inc.", "Apple Virtualization" },
	{ "Microsoft Corporation", "Virtual Machine" },
	{ "Cloud Hypervisor", "" },
};

/* How strings of a device tree's compatible begin. */
static const char *const compatibles[] = {
	"linux,dummy-virt", /* QEMU's machine virt, and kvmtool */
	"qemu,",
	"xen,xenvm",
};

static bool has_compatible(const struct machine_bytes *list, const char *wanted)
{
	size_t length = strlen(wanted);

	for (size_t at = 0; at < list->size_bytes;) {
		const char *item = (const char *)list->bytes + at;
		size_t left = list->size_bytes - at;

		if (left >= length && memcmp(item, wanted, length) == 0)
			return true;
		at += strnlen(item, left) + 1;
	}
	return false;
}

static bool is_product(const struct machine_signs *signs)
{
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++)
		if (text_starts_with(signs->vendor, products[i].vendor) &&
			text_starts_with(signs->product, products[i].product))
			return true;
	return text_starts_with(signs->firmware_vendor, "Xen") ||
	       text_starts_with(signs->firmware_vendor, "Parallels");
}

static bool has_machine_bit(const struct machine_bytes *smbios)
{
	return smbios->size_bytes > EXTENSION_2_OFFSET && smbios->bytes[0] == 0 &&
	       smbios->bytes[1] > EXTENSION_2_OFFSET &&
	       (smbios->bytes[EXTENSION_2_OFFSET] & EXTENSION_2_VM);
}

bool machine_signs_virtual(const struct machine_signs *signs)
{
	if (signs->fw_cfg || signs->hypervisor.size_bytes > 0 || is_product(signs) ||
		has_machine_bit(&signs->smbios_0))
		return true;
	for (size_t i = 0; i < sizeof(compatibles) / sizeof(compatibles[0]); i++)
		if (has_compatible(&signs->compatible, compatibles[i]))
			return true;
	return false;
}
