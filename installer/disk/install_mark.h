/* SPDX-License-Identifier: MIT */
/*
 * install_mark — the record in the boot block of a file system that tells a disk of this installer
 * from every other.
 *
 * 1,024 bytes that ext4 never uses (Linux Documentation/filesystems/ext4/, "special layout: the
 * first 1024 bytes of block group 0"). Layout, little endian:
 *
 * 	   0  magic "guest-installer\0"
 * 	  16  u32 version (3)
 * 	  20  u32 state (1 unfinished, 2 installed)
 * 	  24  store path of the system, NUL-padded, 256 bytes (empty while unfinished)
 * 	 280  id of the partition table, NUL-padded, 40 bytes (empty if the layout has none)
 * 	 320  UUID of the file system that begins here, NUL-padded, 40 bytes
 * 	 360  zeros
 * 	 508  u32 CRC-32 (IEEE 802.3) of the 508 bytes before
 * 	 512  zeros if the ISO never started the guest; else:
 * 	 512  u32 how the ISO last started the guest (1 kexec, 2 ejected medium)
 * 	 516  u32 CRC-32 of the file system's superblock just before that start
 * 	 520  zeros
 * 	1020  u32 CRC-32 of the 508 bytes before
 *
 * A disk writes a sector of 512 bytes whole or not at all, but after a power cut only one of two
 * may be there. So each sector has its own checksum: the first one alone says what the disk is, and
 * the second one is read only of a finished install.
 *
 * Versions 1 and 2 had one checksum, at 1020, of all bytes before. Version 1 had zeros from 280 on:
 * its table_id and fs_uuid are empty. Both are read. So is a record of version 2 to which a start
 * was added, as version 3, if a power cut has left one sector of each. A record of a later version
 * counts as damaged.
 *
 * Encoding and decoding do no I/O. install_mark_read does one pread, install_mark_write one pwrite
 * and an fsync. The module does not decide whether a mark is believed: classify does.
 *
 * Tested by: tests/unit/test_install_mark.c, tests/fuzz/install_mark.c.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define MARK_BYTES	  1024
#define MARK_SYSTEM_BYTES 256
#define MARK_ID_BYTES	  40

enum install_mark_state {
	MARK_NONE,	 /* no record of ours */
	MARK_UNFINISHED, /* an install began here and did not end */
	MARK_INSTALLED,	 /* a finished install */
	MARK_DAMAGED,	 /* our magic, but version, state or checksum are wrong */
};

/* How the installer's ISO last started the guest; see start_choice. */
enum mark_start {
	MARK_START_NONE,
	MARK_START_KEXEC,
	MARK_START_EJECT,
};

struct install_mark {
	enum install_mark_state state;
	char system[MARK_SYSTEM_BYTES]; /* only for MARK_INSTALLED */
	char table_id[MARK_ID_BYTES];	/* as in struct plan; empty: no table, or version 1 */
	char fs_uuid[MARK_ID_BYTES];	/* empty only in a record of version 1 */
	enum mark_start start;		/* only for MARK_INSTALLED */
	uint32_t start_superblock;	/* CRC-32; 0 for MARK_START_NONE */
};

void install_mark_encode(const struct install_mark *mark, uint8_t ret_block[MARK_BYTES]);
void install_mark_decode(const uint8_t block[MARK_BYTES], struct install_mark *ret);

/* Reads the record at offset_bytes of a disk or image. */
int install_mark_read(
	int fd, uint64_t offset_bytes, struct install_mark *ret, struct error *err) WARN_UNUSED;

/* Writes the record and waits until the device has it. */
int install_mark_write(int fd, uint64_t offset_bytes, const struct install_mark *mark,
	struct error *err) WARN_UNUSED;
