/* SPDX-License-Identifier: MIT */
/*
 * effects — the modules that touch disks, one call a command, for the shell tests beside it.
 *
 * What was found is printed as lines "key=value"; an error goes to standard error as
 * "code: sentence", and the exit status is 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "disk/devices.h"
#include "disk/mount.h"
#include "disk/probe.h"
#include "disk/udev_link.h"
#include "ext4/mkfs.h"
#include "format/fat.h"
#include "format/format.h"
#include "format/partition.h"
#include "format/swap.h"
#include "format/target_mount.h"
#include "guest/chroot.h"
#include "input/drive.h"
#include "input/key_drive.h"
#include "plan/classify.h"
#include "verify/pygrub_disk.h"

#define ARGUMENTS_MAX 8

static const struct plan_partition gpt_partitions[] = {
	{
		.role = ROLE_BIOS_BOOT,
		.type = "21686148-6449-6E6F-744E-656564454649",
		.name = "bios",
		.uuid = "11111111-1111-4111-8111-111111111111",
		.offset_bytes = GPT_BIOS_BOOT_OFFSET_BYTES,
		.size_bytes = MIB,
	},
	{
		.role = ROLE_ESP,
		.type = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
		.name = "esp",
		.uuid = "22222222-2222-4222-8222-222222222222",
		.offset_bytes = GPT_ESP_OFFSET_BYTES,
		.size_bytes = GPT_ESP_BYTES,
		.fs = FS_VFAT,
		.fs_label = "ESP",
		.fs_uuid = "ABCD-0123",
		.mount_path = "/boot",
	},
	{
		.role = ROLE_ROOT,
		.type = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
		.name = "root",
		.uuid = "33333333-3333-4333-8333-333333333333",
		.offset_bytes = GPT_ROOT_OFFSET_BYTES,
		.fs = FS_EXT4,
		.fs_label = "nixos",
		.fs_uuid = "44444444-4444-4444-8444-444444444444",
		.mount_path = "/",
	},
};

static const struct plan_partition bios_partition = {
	.role = ROLE_ROOT,
	.type = "83",
	.offset_bytes = MBR_ROOT_OFFSET_BYTES,
	.fs = FS_EXT4,
	.fs_label = "nixos",
	.fs_uuid = "44444444-4444-4444-8444-444444444444",
	.mount_path = "/",
};

static uint64_t size_of(const char *path)
{
	struct stat st;
	uint64_t size_bytes = 0;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (S_ISBLK(st.st_mode))
		return ioctl(fd, BLKGETSIZE64, &size_bytes) < 0 ? 0 : size_bytes;
	return (uint64_t)st.st_size;
}

/* A plan as planner_make would make it, root up to the last MiB of the disk. */
static void make_plan(const char *layout, const char *path, const char *sector, struct plan *ret)
{
	struct stat st;
	uint64_t end;

	memset(ret, 0, sizeof(*ret));
	if (layout_parse(layout, &ret->layout) < 0 || stat(path, &st) < 0 ||
		text_copy(ret->disk_path, sizeof(ret->disk_path), path) < 0)
		abort();
	ret->image_file = S_ISREG(st.st_mode);
	ret->disk_bytes = size_of(path);
	ret->sector_bytes = sector ? (unsigned)strtoul(sector, NULL, 10) : 512;
	snprintf(ret->hash_seed, sizeof(ret->hash_seed), "55555555-5555-4555-8555-555555555555");
	if (ret->layout == LAYOUT_GPT) {
		memcpy(ret->partitions, gpt_partitions, sizeof(gpt_partitions));
		ret->partition_count = 3;
		snprintf(ret->table_id, sizeof(ret->table_id),
			"66666666-6666-4666-8666-666666666666");
	} else {
		ret->partitions[0] = bios_partition;
		ret->partition_count = 1;
		snprintf(ret->table_id, sizeof(ret->table_id), "0x12ab34cd");
	}
	ret->root = ret->partition_count - 1;
	end = (ret->disk_bytes / MIB - 1) * MIB;
	ret->partitions[ret->root].size_bytes = end - ret->partitions[ret->root].offset_bytes;
}

/* partition LAYOUT PATH [SECTOR] — with the mark written before, as main does it. */
static int do_partition(char **arg, struct error *err)
{
	AUTO_CLOSE int fd = open(arg[1], O_RDWR | O_EXCL | O_CLOEXEC);
	struct install_mark unfinished;
	struct plan plan;
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "open %s", arg[1]);
	make_plan(arg[0], arg[1], arg[2], &plan);
	plan_install_mark(&plan, plan.root, MARK_UNFINISHED, &unfinished);
	r = install_mark_write(fd, plan.partitions[plan.root].offset_bytes, &unfinished, err);
	if (r < 0)
		return r;
	r = partition_wipe(&plan, fd, -1, err);
	return r < 0 ? r : partition_write(&plan, fd, err);
}

/* format LAYOUT PATH [SECTOR] */
static int do_format(char **arg, struct error *err)
{
	struct plan plan;

	make_plan(arg[0], arg[1], arg[2], &plan);
	return format_all(&plan, err);
}

/* check LAYOUT DISK [SECTOR] — whether format could do it */
static int do_check(char **arg, struct error *err)
{
	struct plan plan;

	make_plan(arg[0], arg[1], arg[2], &plan);
	return format_check(&plan, err);
}

/* ext4 PATH OFFSET SIZE LABEL UUID HASH_SEED */
static int do_ext4(char **arg, struct error *err)
{
	const struct mkfs_request request = {
		.path = arg[0],
		.offset_bytes = strtoull(arg[1], NULL, 10),
		.size_bytes = strtoull(arg[2], NULL, 10),
		.label = arg[3],
		.uuid = arg[4],
		.hash_seed = arg[5],
	};

	return mkfs_ext4(&request, err);
}

/* fat PATH OFFSET SIZE SECTOR LABEL SERIAL */
static int do_fat(char **arg, struct error *err)
{
	const struct fat_request request = {
		.path = arg[0],
		.offset_bytes = strtoull(arg[1], NULL, 10),
		.size_bytes = strtoull(arg[2], NULL, 10),
		.sector_bytes = (unsigned)strtoul(arg[3], NULL, 10),
		.label = arg[4],
		.serial = arg[5],
	};

	return fat_make(&request, err);
}

/* swap PATH OFFSET SIZE LABEL UUID */
static int do_swap(char **arg, struct error *err)
{
	const struct swap_request request = {
		.path = arg[0],
		.offset_bytes = strtoull(arg[1], NULL, 10),
		.size_bytes = strtoull(arg[2], NULL, 10),
		.label = arg[3],
		.uuid = arg[4],
	};

	return swap_make(&request, err);
}

/* mount LAYOUT PATH TARGET ro|rw */
static int do_mount(char **arg, struct error *err)
{
	struct plan plan;

	make_plan(arg[0], arg[1], NULL, &plan);
	return target_mount_plan(&plan, arg[2], strcmp(arg[3], "ro") == 0, err);
}

/* detach TARGET */
static int do_detach(char **arg, struct error *err)
{
	return mount_detach_below(arg[0], err);
}

static int check_place(const char *path, const struct stat *before, struct error *err)
{
	struct stat after;

	if (stat(path, &after) < 0)
		return error_errno(err, -errno, "%s after the programs were run", path);
	if (after.st_dev != before->st_dev || after.st_ino != before->st_ino)
		return error_set(err, -ESTALE, "%s is another folder than before", path);
	return 0;
}

/* enter ROOT PROGRAM [ARGUMENT]… — as the guest's own programs are run; afterwards ROOT and the
 * working directory are where they were */
static int do_enter(char **arg, struct error *err)
{
	struct stat root, here;
	struct chroot_session session;
	int r;

	if (stat(arg[0], &root) < 0 || stat(".", &here) < 0)
		return error_errno(err, -errno, "look at %s", arg[0]);
	r = chroot_enter(arg[0], "", &session, err);
	if (r < 0)
		return r;
	r = chroot_run(&session, (const char *const *)arg + 1, false, err);
	if (chroot_leave(&session, err) < 0)
		return -EIO;
	if (r == 0)
		r = check_place(arg[0], &root, err);
	return r < 0 ? r : check_place(".", &here, err);
}

/* source PATH — of what is mounted there */
static int do_source(char **arg, struct error *err)
{
	char source[MOUNT_PATH_BYTES];
	int r = mount_source(arg[0], source, err);

	if (r == 0)
		printf("source=%s\n", source);
	return r;
}

static void print_disk(const struct disk *disk)
{
	printf("name=%s path=%s size=%llu sector=%u serial=%s%s%s%s%s\n", disk->name, disk->path,
		(unsigned long long)disk->size_bytes, disk->sector_bytes, disk->serial,
		disk->read_only ? " read_only" : "", disk->cdrom ? " cdrom" : "",
		disk->medium ? " medium" : "", disk->image_file ? " image_file" : "");
	if (disk->model[0])
		printf("model=%s|%s%s%s\n", disk->vendor, disk->model,
			disk->removable ? " removable" : "", disk->usb ? " usb" : "");
	printf("used_by=%s\ntable=%s\nsignature=%s\nunreadable=%s\n", disk->used_by, disk->table,
		disk->signature, disk->unreadable);
	if (disk->nonzero)
		printf("nonzero=%llu\n", (unsigned long long)disk->nonzero_offset_bytes);
	for (size_t i = 0; i < disk->label_count; i++)
		printf("label=%s %s %s\n", disk->labels[i].where, disk->labels[i].label,
			disk->labels[i].uuid);
	for (size_t i = 0; i < disk->start_count; i++)
		printf("start=%llu %s %s\n", (unsigned long long)disk->starts[i].offset_bytes,
			disk->starts[i].type, disk->starts[i].label);
	for (int i = LAYOUT_AUTO + 1; i < LAYOUT_COUNT; i++) {
		if (disk->marks[i].state != MARK_NONE)
			printf("mark=%s %d\n", layout_name((enum layout)i), disk->marks[i].state);
	}
}

static int probe_as_device(
	const char *path, unsigned sector_bytes, struct disk *ret, struct error *err)
{
	memset(ret, 0, sizeof(*ret));
	if (text_copy(ret->path, sizeof(ret->path), path) < 0)
		abort();
	snprintf(ret->name, sizeof(ret->name), "disk");
	ret->size_bytes = size_of(path);
	ret->sector_bytes = sector_bytes;
	return probe_content(ret, err);
}

/* probe PATH [SECTOR] */
static int do_probe(char **arg, struct error *err)
{
	struct disk disk;
	int r = arg[1] ? probe_as_device(arg[0], (unsigned)strtoul(arg[1], NULL, 10), &disk, err)
		       : devices_image(arg[0], &disk, err);

	if (r == 0)
		print_disk(&disk);
	return r;
}

/* name PATH OFFSET — name and UUID of the partition that begins there */
static int do_name(char **arg, struct error *err)
{
	struct probe_partition partition;
	int r = probe_partition(arg[0], strtoull(arg[1], NULL, 10), &partition, err);

	if (r == 0)
		printf("'%s' '%s'\n", partition.name, partition.uuid);
	return r;
}

/* judge PATH [LAYOUT] — what the disk or image is, for an install with the label NIXOS */
static int do_judge(char **arg, struct error *err)
{
	struct select_request request = { .disk = "auto", .labels = { "NIXOS" } };
	char reason[CLASSIFY_REASON_BYTES];
	static struct disk disk;
	struct stat st;
	int r;

	if (layout_parse(arg[1] ? arg[1] : "direct", &request.layout) < 0 || stat(arg[0], &st) < 0)
		abort();
	r = S_ISREG(st.st_mode) ? devices_image(arg[0], &disk, err)
				: probe_as_device(arg[0], 512, &disk, err);
	if (r < 0)
		return r;
	snprintf(disk.name, sizeof(disk.name), "vda");
	r = classify_disk(&request, &disk, true, reason);
	printf("%s: %s\n", r == DISK_SUITABLE ? "taken" : "refused", reason);
	return 0;
}

/* scan SYSFS DEV [MEDIUM] */
static int do_scan(char **arg, struct error *err)
{
	AUTO_FREE struct disk *disks = must_realloc(NULL, DISKS_MAX, sizeof(*disks));
	size_t count;
	int r = devices_scan(arg[0], arg[1], arg[2], disks, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		print_disk(&disks[i]);
	return r;
}

/* links SYSFS DEV — "DISK LINK" for each name that udev would make */
static int do_links(char **arg, struct error *err)
{
	AUTO_FREE struct disk *disks = must_realloc(NULL, DISKS_MAX, sizeof(*disks));
	size_t count;
	int r = devices_scan(arg[0], arg[1], NULL, disks, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		char links[UDEV_LINKS_BYTES], *save = NULL;

		udev_link_list(&disks[i], links);
		for (char *link = strtok_r(links, "\n", &save); link;
			link = strtok_r(NULL, "\n", &save))
			printf("%s %s\n", disks[i].name, link);
	}
	return r;
}

/* pygrub ROOT SYSTEM KERNEL INITRD — ROOT/boot is the boot disk, the others are paths below ROOT */
static int do_pygrub(char **arg, struct error *err)
{
	static struct plan plan = { .partition_count = 1 };
	static struct boot_entry entry;
	struct boot_files files = { 0 };

	snprintf(plan.system, sizeof(plan.system), "%s", arg[1]);
	snprintf(files.kernel, sizeof(files.kernel), "%s", arg[2]);
	snprintf(files.initrd, sizeof(files.initrd), "%s", arg[3]);
	return pygrub_disk_verify(arg[0], &plan, &files, &entry, err);
}

static void print_drive(const struct key_drive *drive)
{
	printf("found=%d disk=%s node=%s count=%zu\n", drive->found, drive->disk_name, drive->node,
		drive->count);
	for (size_t i = 0; i < drive->count; i++)
		printf("file=%s %zu %s\n", drive->files[i].name, drive->files[i].size_bytes,
			drive->files[i].text);
	for (size_t i = 0; i < drive->host_count; i++)
		printf("host=%s %zu\n", drive->host_files[i].name, drive->host_files[i].size_bytes);
	if (drive->ca_text)
		printf("ca=%s\n", drive->ca_text);
	if (drive->netrc_text)
		printf("netrc=%s\n", drive->netrc_text);
	if (drive->configuration_text)
		printf("configuration=%s\n", drive->configuration_text);
	if (drive->flake_text)
		printf("flake=%s\n", drive->flake_text);
	if (drive->lock_text)
		printf("lock=%s\n", drive->lock_text);
	if (drive->config_text)
		printf("config=%zu %s\n", drive->config_bytes, drive->config_text);
}

/* folder PATH */
static int do_folder(char **arg, struct error *err)
{
	static struct key_drive drive;
	int r = key_drive_read_folder(arg[0], &drive, err);

	if (r < 0)
		return r;
	print_drive(&drive);
	key_drive_free(&drive);
	return 0;
}

/* keydrive MOUNT_PATH NODE… */
static int do_keydrive(char **arg, struct error *err)
{
	static struct disk disks[ARGUMENTS_MAX];
	static struct key_drive drive;
	size_t count = 0;
	int r;

	for (; arg[count + 1]; count++) {
		if (text_copy(disks[count].path, sizeof(disks[count].path), arg[count + 1]) < 0)
			abort();
		snprintf(disks[count].name, sizeof(disks[count].name), "disk%zu", count);
	}
	r = key_drive_read(disks, count, arg[0], &drive, err);
	for (size_t i = 0; i < count; i++)
		printf("%s key_drive=%d\n", disks[i].name, disks[i].key_drive);
	if (r < 0)
		return r;
	print_drive(&drive);
	key_drive_free(&drive);
	return 0;
}

/* unread FILE */
static int do_unread(char **arg, struct error *err)
{
	static struct disk disk;
	struct probe_result found;
	char node[128];

	(void)err;
	snprintf(disk.path, sizeof(disk.path), "%s", arg[0]);
	if (drive_find_unread(&disk, node, sizeof(node), &found))
		printf("unread=%s %s\n", node, found.type);
	return 0;
}

static const struct command {
	const char *name;
	int least, most; /* arguments */
	int (*run)(char **arg, struct error *err);
} commands[] = {
	{ "partition", 2, 3, do_partition },
	{ "format", 2, 3, do_format },
	{ "check", 2, 3, do_check },
	{ "ext4", 6, 6, do_ext4 },
	{ "fat", 6, 6, do_fat },
	{ "swap", 5, 5, do_swap },
	{ "mount", 4, 4, do_mount },
	{ "detach", 1, 1, do_detach },
	{ "enter", 2, ARGUMENTS_MAX, do_enter },
	{ "source", 1, 1, do_source },
	{ "pygrub", 4, 4, do_pygrub },
	{ "probe", 1, 2, do_probe },
	{ "name", 2, 2, do_name },
	{ "judge", 1, 2, do_judge },
	{ "scan", 2, 3, do_scan },
	{ "links", 2, 2, do_links },
	{ "folder", 1, 1, do_folder },
	{ "unread", 1, 1, do_unread },
	{ "keydrive", 2, ARGUMENTS_MAX, do_keydrive },
};

int main(int argc, char **argv)
{
	struct error err = { 0 };

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, argv[1]) != 0)
			continue;
		if (argc - 2 < command->least || argc - 2 > command->most)
			break;
		if (command->run(argv + 2, &err) == 0)
			return 0;
		fprintf(stderr, "%d: %s\n", err.code, err.text);
		return 1;
	}
	fprintf(stderr, "usage: effects COMMAND [ARGUMENT]...\n");
	return 2;
}
