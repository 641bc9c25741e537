/* SPDX-License-Identifier: MIT */
/*
 * initrd_modules — whether an initrd has a driver, from the list of its modules and the files by
 * which depmod describes the kernel's modules.
 *
 * Pure. The initrd holds the modules of the list and what they depend on, as nixpkgs'
 * makeModulesClosure and modprobe copy them. Formats: modules.dep(5); Linux,
 * Documentation/kbuild/kbuild.rst, modules.builtin.
 *
 * Tested by: tests/unit/test_initrd_modules.c.
 */
#pragma once

#include <stdbool.h>

struct initrd_modules {
	const char *listed;  /* names of modules, separated by blanks */
	const char *depends; /* modules.dep */
	const char *builtin; /* modules.builtin */
};

/* name: of a module; "-" and "_" are the same. */
bool initrd_modules_have(const struct initrd_modules *modules, const char *name);
