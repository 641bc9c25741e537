/* SPDX-License-Identifier: MIT */
/*
 * bootspec — boot.json of a NixOS system: what its default boot entry must start.
 *
 * Pure. Format: NixOS RFC 125, "Bootspec v1". Of other namespaces, the specialisations and the sort
 * key of systemd-boot are read; all others, and members that a later version adds, are ignored, as
 * the RFC asks of readers.
 *
 * Tested by: tests/unit/test_bootspec.c, tests/fuzz/bootspec.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define BOOTSPEC_PARAMS_BYTES 4096

struct bootspec {
	char kernel[512];   /* file in the store */
	char initrd[512];   /* file in the store; empty if the system has none */
	char init[512];	    /* file in the store */
	char toplevel[256]; /* store path of the system */
	char label[448];    /* what a boot menu shows */
	char kernel_params[BOOTSPEC_PARAMS_BYTES]; /* joined with blanks, without init= */
	char sort_key[256];   /* of the boot entry: "nixos", or org.nixos.systemd-boot's */
	bool initrd_secrets;  /* a program of the guest has to append secrets to the initrd */
	char devicetree[512]; /* file in the store; empty if it names none */
};

/* Error: -EINVAL, naming the member. */
int bootspec_parse(
	const char *text, size_t size_bytes, struct bootspec *ret, struct error *err) WARN_UNUSED;

/* The specialisation with this index, in the order of the document, and its name: letters, digits
 * and "-._". -ENOENT if there are not so many; -EINVAL as above. */
#define BOOTSPEC_NAME_BYTES 128
int bootspec_parse_specialisation(const char *text, size_t size_bytes, size_t index,
	char ret_name[BOOTSPEC_NAME_BYTES], struct bootspec *ret, struct error *err) WARN_UNUSED;
