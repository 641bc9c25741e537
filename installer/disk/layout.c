/* SPDX-License-Identifier: MIT */
#include "disk/layout.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const char *const names[LAYOUT_COUNT] = {
	[LAYOUT_AUTO] = "auto",
	[LAYOUT_BIOS] = "bios",
	[LAYOUT_GPT] = "gpt",
	[LAYOUT_PYGRUB] = "pygrub",
	[LAYOUT_DIRECT] = "direct",
};

const char *layout_name(enum layout layout)
{
	return names[layout];
}

int layout_parse(const char *name, enum layout *ret)
{
	for (size_t i = 0; i < LAYOUT_COUNT; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum layout)i;
			return 0;
		}
	}
	return -EINVAL;
}

uint64_t layout_root_offset_bytes(enum layout layout)
{
	switch (layout) {
	case LAYOUT_GPT:
		return GPT_ROOT_OFFSET_BYTES;
	case LAYOUT_PYGRUB:
		return 0;
	default:
		return MBR_ROOT_OFFSET_BYTES;
	}
}

bool layout_has_table(enum layout layout)
{
	return layout != LAYOUT_PYGRUB;
}

bool layout_needs_host(enum layout layout)
{
	return layout == LAYOUT_PYGRUB || layout == LAYOUT_DIRECT;
}

const char *layout_refusal(enum layout layout, const struct architecture *architecture)
{
	return layout == LAYOUT_BIOS	 ? architecture->no_bios
	       : layout == LAYOUT_PYGRUB ? architecture->no_pv
					 : NULL;
}

const char *layout_root_label(enum layout layout)
{
	return layout == LAYOUT_PYGRUB ? "NIXROOT" : layout == LAYOUT_DIRECT ? "NIXOS" : "nixos";
}
