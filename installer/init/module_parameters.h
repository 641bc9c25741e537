/* SPDX-License-Identifier: MIT */
/*
 * module_parameters — finds the parameters of a kernel module on the kernel's command line.
 *
 * Pure. The kernel applies parameters of the form MODULE.NAME=VALUE itself only if the module is
 * built in. The program that loads a module has to pass them, as modprobe(8) does.
 *
 * Tested by: tests/unit/test_module_parameters.c, tests/fuzz/boot_options.c.
 */
#pragma once

/* The parameters for a module file ("virtio_mmio.ko"), joined by blanks, as finit_module(2) takes
 * them; "" if there are none. The caller frees the result. In the module's name - and _ are equal.
 * Quotes are kept. As in the kernel, what follows a lone "--" is for init. */
char *module_parameters_find(const char *command_line, const char *file);
