/* SPDX-License-Identifier: MIT */
/*
 * smbios — the strings that a host hands over in SMBIOS tables of type 11.
 *
 * Pure: bytes of one structure in, texts out. Formats: SMBIOS Reference Specification (DSP0134)
 * 3.6, section 7.12 "OEM Strings", systemd's documentation "System and Service Credentials".
 *
 * Tested by: tests/unit/test_smbios.c, tests/fuzz/smbios.c, tests/fuzz/peers.sh.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* String number index (from 0) of a structure as /sys/firmware/dmi/entries/11-N/raw has it, inside
 * it; NULL if there are not so many or the structure is no OEM strings. */
const char *smbios_oem_string(const uint8_t *raw, size_t size_bytes, size_t index);

/* Whether a string is the systemd credential of this name. 1 if so, with its text (from malloc, a
 * NUL behind it) in ret; 0 if not; -EINVAL with EXIT_NO_KEY if its base64 is none. */
int smbios_credential(const char *string, const char *name, char **ret, size_t *ret_bytes,
	struct error *err) WARN_UNUSED;
