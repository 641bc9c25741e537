/* SPDX-License-Identifier: MIT */
/*
 * install_mark — the record in the boot block of the root file system that says whose disk this is.
 *
 * 1,024 bytes that ext4 never uses (Linux Documentation/filesystems/ext4/, "special layout: the
 * first 1024 bytes of block group 0"). Layout, little endian:
 *
 *	  0  magic "guest-installer\0"
 *	 16  u32 version (1)
 *	 20  u32 state (1 unfinished, 2 installed)
 *	 24  store path of the system, NUL-padded, 256 bytes (empty while unfinished)
 *	280  zeros
 *	1020 u32 CRC-32 (IEEE 802.3) of the 1,020 bytes before
 *
 * Encoding and decoding are pure; install_mark_read and install_mark_write do one pread or pwrite + fsync.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define MARK_BYTES	  1024
#define MARK_SYSTEM_BYTES 256

enum install_mark_state {
	MARK_NONE,	 /* no record of ours */
	MARK_UNFINISHED, /* an install began here and did not end */
	MARK_INSTALLED,	 /* a finished install */
	MARK_DAMAGED,	 /* our magic, but version, state or checksum are wrong */
};

struct install_mark {
	enum install_mark_state state;
	char system[MARK_SYSTEM_BYTES]; /* only for MARK_INSTALLED */
};

void install_mark_encode(const struct install_mark *mark, uint8_t ret_block[MARK_BYTES]);
void install_mark_decode(const uint8_t block[MARK_BYTES], struct install_mark *ret);

/* Reads the record at offset_bytes of a disk or image. */
int install_mark_read(
	int fd, uint64_t offset_bytes, struct install_mark *ret, struct error *err) WARN_UNUSED;

/* Writes the record and waits until the device has it. */
int install_mark_write(int fd, uint64_t offset_bytes, const struct install_mark *mark,
	struct error *err) WARN_UNUSED;
