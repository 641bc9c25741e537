/* SPDX-License-Identifier: MIT */
/*
 * pe_sections — finds the sections of an EFI program, and the machine that it is for.
 *
 * Pure. Format: Microsoft PE format, "COFF File Header" and "Section Table". The sections of a
 * unified kernel image are those of the UAPI Group's specification "Unified Kernel Image (UKI)".
 *
 * Tested by: tests/unit/test_loader_entries.c, tests/fuzz/pe_sections.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct pe_section {
	size_t offset_bytes;
	size_t size_bytes; /* without the padding of the file */
};

/* The first section of this name. -ENOENT (without a sentence) if there is none, -EBADMSG with one
 * where image is not a PE image or the section reaches beyond its end. path is for the sentence. */
int pe_sections_find(const char *path, const uint8_t *image, size_t size_bytes, const char *name,
	struct pe_section *ret, struct error *err) WARN_UNUSED;

/* The machine in the header of a PE image, of which the first bytes are enough. -EBADMSG where it
 * is none. */
int pe_sections_machine(const char *path, const uint8_t *image, size_t size_bytes, uint16_t *ret,
	struct error *err) WARN_UNUSED;
