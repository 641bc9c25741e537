/* SPDX-License-Identifier: MIT */
/*
 * disk_image — a disk in memory with a partition table and file systems, in which bytes are
 * damaged.
 *
 * The first byte of an input chooses the disk (DISK_…), and every four bytes behind it change one
 * byte: region, offset, value. Checksums are corrected afterwards if the input says so, so that a
 * reader goes beyond them. Formats: UEFI 2.10, 5.2.1 and 5.3; Microsoft FAT specification 1.03,
 * "BPB"; ECMA-119, 8.4; Linux, include/linux/swap.h.
 */
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include "base/crc32.h"
#include "base/file.h"
#include "base/littleendian.h"
#include "disk/install_mark.h"
#include "disk/layout.h"
#include "ext4/mkfs.h"
#include "fuzz.h"

#define DISK_TABLE	 3  /* none, MBR, GPT, GPT in sectors of 4,096 bytes */
#define DISK_CHECKSUMS	 4  /* are right */
#define DISK_SWAP	 8  /* in place of the root file system */
#define DISK_ISO	 16 /* a volume descriptor of ISO 9660 */
#define DISK_BYTES	 (GPT_ROOT_OFFSET_BYTES + 64 * MIB)
#define MODEL_BYTES	 (64 * MIB)
#define GPT_HEADER_BYTES 92
#define GPT_ENTRIES	 128
#define GPT_ENTRY_BYTES	 128
#define REGION_BYTES_MAX (GPT_ENTRIES * GPT_ENTRY_BYTES)
#define REGIONS_MAX	 9

/* A part of the disk that is not zero. */
struct region {
	uint64_t offset_bytes;
	size_t size_bytes;
	uint8_t bytes[REGION_BYTES_MAX];
};

struct disk_image {
	struct region regions[REGIONS_MAX];
	size_t count;
	unsigned sector_bytes;
	struct region *headers[2], *entries[2]; /* of a GPT, and of its copy */
	struct region *root;
};

static inline void put_le16_at(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void put_le64_at(uint8_t *at, uint64_t value)
{
	put_le32(at, (uint32_t)value);
	put_le32(at + 4, (uint32_t)(value >> 32));
}

static inline struct region *add_region(
	struct disk_image *image, uint64_t offset_bytes, size_t size_bytes)
{
	struct region *region = &image->regions[image->count++];

	promised(image->count <= REGIONS_MAX && size_bytes <= REGION_BYTES_MAX);
	memset(region->bytes, 0, size_bytes);
	region->offset_bytes = offset_bytes;
	region->size_bytes = size_bytes;
	return region;
}

/* The boot block and the superblock of a real ext4, which is made once. */
static inline const uint8_t *model_ext4(void)
{
	static uint8_t model[2 * MARK_BYTES];
	struct mkfs_request request = { .size_bytes = MODEL_BYTES,
		.label = "nixos",
		.uuid = "44444444-4444-4444-8444-444444444444",
		.hash_seed = "55555555-5555-4555-8555-555555555555" };
	struct error err;
	char path[64];

	if (!model[MARK_BYTES]) {
		AUTO_CLOSE int fd = memfd_create("model", MFD_CLOEXEC);

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		request.path = path;
		promised(fd >= 0 && ftruncate(fd, MODEL_BYTES) == 0);
		promised(mkfs_ext4(&request, &err) == 0);
		promised(pread(fd, model, sizeof(model), 0) == (ssize_t)sizeof(model));
	}
	return model;
}

static inline void add_root_file_system(struct disk_image *image, uint64_t offset_bytes)
{
	const struct install_mark mark = { .state = MARK_INSTALLED,
		.system = "/nix/store/00000000000000000000000000000000-x",
		.fs_uuid = "44444444-4444-4444-8444-444444444444" };

	image->root = add_region(image, offset_bytes, 2 * MARK_BYTES);
	memcpy(image->root->bytes, model_ext4(), 2 * MARK_BYTES);
	install_mark_encode(&mark, image->root->bytes);
}

static inline void add_swap_area(struct disk_image *image, uint64_t offset_bytes)
{
	uint8_t *page = add_region(image, offset_bytes, SWAP_PAGE_BYTES)->bytes;

	put_le32(page + 1024, 1);
	put_le32(page + 1028, 63);
	memset(page + 1036, 0x44, 16);
	memcpy(page + 1052, "swap", 4);
	memcpy(page + SWAP_PAGE_BYTES - 10, "SWAPSPACE2", 10);
}

static inline void add_fat(struct disk_image *image, uint64_t offset_bytes)
{
	uint8_t *sector = add_region(image, offset_bytes, 512)->bytes;

	memcpy(sector, "\xeb\x58\x90mkfs.fat", 11);
	put_le16_at(sector + 11, 512);
	sector[13] = 8;			    /* sectors in a cluster */
	put_le16_at(sector + 14, 32);	    /* reserved sectors */
	sector[16] = 2;			    /* tables */
	sector[21] = 0xf8;		    /* medium */
	put_le32(sector + 32, 1024 * 1024); /* sectors */
	put_le32(sector + 36, 1024);	    /* sectors of a table */
	put_le32(sector + 44, 2);	    /* cluster of the root */
	put_le16_at(sector + 48, 1);	    /* information sector */
	memcpy(sector + 66,
		"\x29\x78\x56\x34\x12"
		"ESP        FAT32   ",
		24);
	put_le16_at(sector + 510, 0xaa55);
}

static inline void add_volume_descriptor(struct disk_image *image)
{
	uint8_t *descriptor = add_region(image, 32768, 2048)->bytes;

	memcpy(descriptor, "\1CD001\1", 7);
	memcpy(descriptor + 8, "LINUX                           CIDATA                          ",
		64);
	put_le32(descriptor + 80, 1000);
	put_le16_at(descriptor + 128, 2048);
	memcpy(descriptor + 813, "2026010100000000", 16);
}

static inline void add_mbr(struct disk_image *image, bool protective)
{
	uint8_t *sector = add_region(image, 0, 512)->bytes, *entry = sector + 446;
	uint32_t start = protective ? 1 : (uint32_t)(MBR_ROOT_OFFSET_BYTES / 512);

	put_le32(sector + 440, 0x12345678);
	entry[4] = protective ? 0xee : 0x83;
	put_le32(entry + 8, start);
	put_le32(entry + 12, (uint32_t)(DISK_BYTES / 512) / (protective ? 1 : 2));
	if (!protective) {
		entry[16 + 4] = 0x05; /* extended */
		put_le32(entry + 16 + 8, (uint32_t)(DISK_BYTES / 512) / 2 + start);
		put_le32(entry + 16 + 12, 2048);
	}
	put_le16_at(sector + 510, 0xaa55);
}

static inline void fill_gpt_entry(
	struct region *entries, size_t index, uint64_t first, uint64_t last, char name)
{
	uint8_t *entry = entries->bytes + index * GPT_ENTRY_BYTES;

	memset(entry, (int)(0x11 + index), 16);
	memset(entry + 16, (int)(0x51 + index), 16);
	put_le64_at(entry + 32, first);
	put_le64_at(entry + 40, last);
	entry[56] = (uint8_t)name;
}

static inline void add_gpt_copy(struct disk_image *image, size_t copy)
{
	uint64_t sector = image->sector_bytes, last = DISK_BYTES / sector - 1;
	uint64_t entries_sectors = REGION_BYTES_MAX / sector;
	uint64_t at = copy ? last : 1, entries_at = copy ? last - entries_sectors : 2;
	struct region *header = add_region(image, at * sector, GPT_HEADER_BYTES);
	struct region *entries = add_region(image, entries_at * sector, REGION_BYTES_MAX);

	memcpy(header->bytes, "EFI PART\0\0\1\0\x5c", 13);
	put_le64_at(header->bytes + 24, at);
	put_le64_at(header->bytes + 32, copy ? 1 : last);
	put_le64_at(header->bytes + 40, 2 + entries_sectors);
	put_le64_at(header->bytes + 48, last - entries_sectors - 1);
	memset(header->bytes + 56, 0x77, 16);
	put_le64_at(header->bytes + 72, entries_at);
	put_le32(header->bytes + 80, GPT_ENTRIES);
	put_le32(header->bytes + 84, GPT_ENTRY_BYTES);
	fill_gpt_entry(entries, 0, GPT_BIOS_BOOT_OFFSET_BYTES / sector,
		GPT_ESP_OFFSET_BYTES / sector - 1, 'b');
	fill_gpt_entry(
		entries, 1, GPT_ESP_OFFSET_BYTES / sector, GPT_ROOT_OFFSET_BYTES / sector - 1, 'e');
	fill_gpt_entry(entries, 2, GPT_ROOT_OFFSET_BYTES / sector, last - entries_sectors - 1, 'r');
	image->headers[copy] = header;
	image->entries[copy] = entries;
}

static inline void disk_image_begin(struct disk_image *image, uint8_t choice)
{
	unsigned table = choice & DISK_TABLE;
	uint64_t root = table == 0 ? 0 : table == 1 ? MBR_ROOT_OFFSET_BYTES : GPT_ROOT_OFFSET_BYTES;

	image->count = 0;
	image->sector_bytes = table == 3 ? 4096 : 512;
	memset(image->headers, 0, sizeof(image->headers));
	image->root = NULL;
	if (choice & DISK_SWAP)
		add_swap_area(image, root);
	else
		add_root_file_system(image, root);
	if (table)
		add_mbr(image, table > 1);
	if (table > 1) {
		add_gpt_copy(image, 0);
		add_gpt_copy(image, 1);
		add_fat(image, GPT_ESP_OFFSET_BYTES);
	}
	if (choice & DISK_ISO)
		add_volume_descriptor(image);
}

static inline void disk_image_damage(
	struct disk_image *image, const uint8_t *data, size_t size_bytes)
{
	for (; size_bytes >= 4; data += 4, size_bytes -= 4) {
		struct region *region = &image->regions[data[0] % image->count];

		region->bytes[(data[1] | data[2] << 8) % region->size_bytes] = data[3];
	}
}

/* Of the GPT and of the mark. That of an ext4 superblock is not looked at by libblkid. */
static inline void disk_image_correct(struct disk_image *image)
{
	for (size_t i = 0; i < 2 && image->headers[i]; i++) {
		uint8_t *header = image->headers[i]->bytes;

		put_le32(header + 88, crc32_ieee(image->entries[i]->bytes, REGION_BYTES_MAX));
		put_le32(header + 16, 0);
		put_le32(header + 16, crc32_ieee(header, GPT_HEADER_BYTES));
	}
	if (image->root)
		put_le32(image->root->bytes + MARK_BYTES - 4,
			crc32_ieee(image->root->bytes, MARK_BYTES - 4));
}

/* Replaces the content of a file by the disk; what is zero is a hole. */
static inline void disk_image_write(const struct disk_image *image, int fd)
{
	promised(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)DISK_BYTES) == 0);
	for (size_t i = 0; i < image->count; i++)
		promised(file_write_at(fd, image->regions[i].bytes, image->regions[i].size_bytes,
				 image->regions[i].offset_bytes) == 0);
}
