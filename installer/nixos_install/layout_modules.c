/* SPDX-License-Identifier: MIT */
#include "nixos_install/layout_modules.h"

#include <stddef.h>

/* Embeds a file of this repository, followed by a NUL. The path is relative to the folder in which
 * make runs; the Makefile lists the files as prerequisites of this object. */
#define EMBED(symbol, file)                                                                        \
	__asm__(".pushsection .rodata\n" #symbol ":\n.incbin \"iso/layouts/" file                  \
		"\"\n.byte 0\n.popsection\n");                                                     \
	extern const char symbol[] __attribute__((visibility("hidden")))

EMBED(layoutnix_common, "common.nix");
EMBED(layoutnix_grub, "grub.nix");
EMBED(layoutnix_xen, "xen.nix");
EMBED(layoutnix_bios, "bios.nix");
EMBED(layoutnix_gpt, "gpt.nix");
EMBED(layoutnix_pygrub, "pygrub.nix");
EMBED(layoutnix_direct, "direct.nix");

static const struct layout_modules_file files[LAYOUT_COUNT][LAYOUT_MODULES_MAX + 1] = {
	[LAYOUT_BIOS] = { { "bios.nix", layoutnix_bios }, { "grub.nix", layoutnix_grub },
		{ "common.nix", layoutnix_common } },
	[LAYOUT_GPT] = { { "gpt.nix", layoutnix_gpt }, { "grub.nix", layoutnix_grub },
		{ "common.nix", layoutnix_common } },
	[LAYOUT_PYGRUB] = { { "pygrub.nix", layoutnix_pygrub }, { "xen.nix", layoutnix_xen },
		{ "common.nix", layoutnix_common } },
	[LAYOUT_DIRECT] = { { "direct.nix", layoutnix_direct }, { "xen.nix", layoutnix_xen },
		{ "common.nix", layoutnix_common } },
};

const struct layout_modules_file *layout_modules_files(enum layout layout)
{
	return files[layout];
}
