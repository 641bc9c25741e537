/* SPDX-License-Identifier: MIT */
/*
 * replay — what an install wrote, up to any moment, and what the installer thinks of such a disk.
 *
 * Reads a log of QEMU's driver blklogwrites. Its format is that of the kernel's dm-log-writes
 * (drivers/md/dm-log-writes.c): a superblock, then for every request a header that fills one
 * sector, and the data unless it was discarded. A position is the number of requests carried out.
 *
 * See usage() for the commands; what is found is printed as lines, errors go to standard error.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "config/key_table.h"
#include "disk/probe.h"
#include "plan/labels.h"
#include "plan/planner.h"
#include "plan/select.h"

#define LOG_MAGIC    0x6a736677736872ULL
#define LOG_VERSION  1
#define FLAG_FLUSH   1
#define FLAG_FUA     2
#define FLAG_DISCARD 4
#define ENTRY_BYTES  32
#define SECTOR	     512 /* the unit of places and lengths in the log */
#define PENDING_MAX  100000
#define MANIFEST_MAX 65536
#define LOST_EVERY   2 /* one of so many unflushed requests is lost at a power cut */

struct log {
	const uint8_t *at; /* the next entry's header */
	const uint8_t *end;
	uint64_t position, count;
	uint32_t sector_bytes;
};

struct entry {
	uint64_t offset_bytes, size_bytes, flags;
	const uint8_t *data;
};

/* Everything that main knows when it chooses a disk. */
struct question {
	struct config config;
	struct manifest manifest;
	struct select_request request;
	struct labels_planned labels;
};

static uint64_t get_le64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static void log_open(const char *path, struct log *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const uint8_t *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(2, "%s", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		err(2, "%s", path);
	if (get_le64(map) != LOG_MAGIC || get_le64(map + 8) != LOG_VERSION)
		errx(2, "%s is no log of writes", path);
	ret->count = get_le64(map + 16);
	ret->sector_bytes = (uint32_t)get_le64(map + 24);
	ret->at = map + ret->sector_bytes;
	ret->end = map + st.st_size;
	ret->position = 0;
}

/* The next request; false at the end of the log. */
static bool log_next(struct log *log, struct entry *ret)
{
	if (log->position == log->count)
		return false;
	if (log->at + ENTRY_BYTES > log->end)
		errx(2, "the log ends inside entry %lu of %lu", log->position, log->count);
	ret->offset_bytes = get_le64(log->at) * SECTOR;
	ret->size_bytes = get_le64(log->at + 8) * SECTOR;
	ret->flags = get_le64(log->at + 16);
	ret->data = log->at + log->sector_bytes;
	log->at = ret->data + (ret->flags & FLAG_DISCARD ? 0 : ret->size_bytes);
	if (log->at > log->end)
		errx(2, "the log ends inside entry %lu of %lu", log->position, log->count);
	log->position++;
	return true;
}

static void apply(int fd, const struct entry *entry)
{
	uint64_t done = 0;

	if (entry->flags & FLAG_DISCARD) {
		if (entry->size_bytes &&
			fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				(off_t)entry->offset_bytes, (off_t)entry->size_bytes) < 0)
			err(2, "discard");
		return;
	}
	while (done < entry->size_bytes) {
		ssize_t n = pwrite(fd, entry->data + done, entry->size_bytes - done,
			(off_t)(entry->offset_bytes + done));

		if (n <= 0)
			err(2, "write to the image");
		done += (uint64_t)n;
	}
}

static int open_image(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

/* apply LOG IMAGE FROM TO */
static int do_apply(char **arg)
{
	uint64_t from = strtoull(arg[2], NULL, 10), to = strtoull(arg[3], NULL, 10);
	int fd = open_image(arg[1]);
	struct entry entry;
	struct log log;

	log_open(arg[0], &log);
	while (log.position < to && log_next(&log, &entry))
		if (log.position > from)
			apply(fd, &entry);
	if (log.position < to)
		errx(2, "the log has only %lu entries", log.count);
	return close(fd) < 0;
}

static void make_question(const char *manifest_path, struct question *ret)
{
	struct error error = { 0 };
	size_t size_bytes;
	char *text = NULL;

	key_table_set_defaults(&ret->config);
	if (file_read(manifest_path, MANIFEST_MAX, &text, &size_bytes, &error) < 0 ||
		manifest_parse(text, size_bytes, &ret->manifest, &error) < 0 ||
		planner_layout(&ret->config, &ret->manifest, false, &ret->request.layout, &error) <
			0)
		errx(2, "%s", error.text);
	free(text);
	labels_planned(&ret->config, &ret->manifest, ret->request.layout, &ret->labels);
	memcpy(ret->request.labels, ret->labels.labels, sizeof(ret->labels.labels));
	memcpy(ret->request.uuids, ret->labels.uuids, sizeof(ret->labels.uuids));
	ret->request.min_bytes = planner_min_bytes(
		ret->request.layout, &(struct plan_needs){ .nar_bytes = ret->manifest.nar_bytes,
					     .files = ret->manifest.files });
	ret->request.disk = "auto";
}

/* What the installer does with a machine whose only disk is this image: an exit code. */
static int ask(
	const struct question *question, const char *image, struct disk *ret_disk, char reason[160])
{
	static struct selection selection;
	struct error error = { 0 };
	struct stat st;

	memset(ret_disk, 0, sizeof(*ret_disk));
	if (stat(image, &st) < 0)
		err(2, "%s", image);
	snprintf(ret_disk->name, sizeof(ret_disk->name), "vda");
	snprintf(ret_disk->path, sizeof(ret_disk->path), "%s", image);
	ret_disk->size_bytes = (uint64_t)st.st_size;
	ret_disk->sector_bytes = SECTOR;
	if (probe_content(ret_disk, &error) < 0)
		errx(2, "%s", error.text);
	if (select_target(&question->request, ret_disk, 1, &selection, &error) < 0 &&
		error.code == 0)
		errx(2, "refused without a code: %s", error.text);
	memcpy(reason, selection.disks[0].reason, 160);
	return (int)error.code;
}

/* A disk that a firmware would try to start from. */
static bool has_signature(int fd)
{
	uint8_t end[2];

	if (pread(fd, end, 2, SECTOR - 2) != 2)
		err(2, "read the image");
	return end[0] == 0x55 && end[1] == 0xaa;
}

/* ask IMAGE MANIFEST */
static int do_ask(char **arg)
{
	static struct question question;
	static struct disk disk;
	char reason[160];
	int code;

	make_question(arg[1], &question);
	code = ask(&question, arg[0], &disk, reason);
	printf("code=%d vda %s\n", code, reason);
	return code != 0;
}

struct sweep {
	struct question question;
	struct log log;
	const char *image;
	int fd;
	bool installed; /* the last position had the installed mark */
	bool signature; /* it could be started from */
	uint64_t asked;
};

static void complain(const struct sweep *sweep, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
static void complain(const struct sweep *sweep, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	errx(1, "after %lu of %lu requests: %s", sweep->log.position, sweep->log.count, text);
}

/* Taken by the next run, unless it is marked as installed. */
static void check(struct sweep *sweep, const char *image)
{
	static struct disk disk;
	char reason[160];
	int code = ask(&sweep->question, image, &disk, reason);
	enum install_mark_state mark = disk.marks[sweep->question.request.layout].state;
	bool installed = mark == MARK_INSTALLED;

	sweep->asked++;
	if (mark == MARK_DAMAGED)
		complain(sweep, "the mark is damaged");
	if (code != (installed ? EXIT_ALREADY_INSTALLED : EXIT_INSTALLED))
		complain(sweep, "code %d, the disk %s", code, reason);
	if (sweep->installed && !installed)
		complain(sweep, "the disk is no longer marked as installed");
	sweep->installed = installed;
}

static void tell_signature(struct sweep *sweep)
{
	bool signature = has_signature(sweep->fd);

	if (signature != sweep->signature)
		printf("%s %lu\n", signature ? "open" : "shut", sweep->log.position);
	sweep->signature = signature;
}

/* sweep LOG IMAGE MANIFEST EVERY: the image is blank and has the disk's size. Every request that
 * touches the first or the root's first sector is followed by a question, whatever EVERY is. */
static int do_sweep(char **arg)
{
	static struct sweep sweep;
	uint64_t every = strtoull(arg[3], NULL, 10), mark_at, data = 0;
	struct entry entry;

	make_question(arg[2], &sweep.question);
	mark_at = layout_root_offset_bytes(sweep.question.request.layout);
	log_open(arg[0], &sweep.log);
	sweep.image = arg[1];
	sweep.fd = open_image(arg[1]);
	check(&sweep, sweep.image);
	while (log_next(&sweep.log, &entry)) {
		uint64_t end = entry.offset_bytes + entry.size_bytes;

		if (sweep.installed && entry.size_bytes)
			complain(&sweep, "the mark of an installed guest was not the last write");
		apply(sweep.fd, &entry);
		data += entry.size_bytes;
		tell_signature(&sweep);
		if (sweep.log.position % every == 0 || entry.offset_bytes == 0 ||
			(entry.offset_bytes <= mark_at && end > mark_at))
			check(&sweep, sweep.image);
	}
	check(&sweep, sweep.image);
	if (!sweep.installed || !sweep.signature)
		complain(&sweep, "the install did not end");
	printf("requests %lu\nasked %lu\nbytes %lu\n", sweep.log.count, sweep.asked, data);
	return close(sweep.fd) < 0;
}

/* Since the last flush: what a power cut may take away. */
struct pending {
	struct entry entries[PENDING_MAX];
	size_t count;
};

/* cut LOG IMAGE TO SEED: as apply from 0, but only some of the requests since the last flush. */
static int do_cut(char **arg)
{
	static struct pending pending;
	uint64_t to = strtoull(arg[2], NULL, 10);
	int fd = open_image(arg[1]);
	struct entry entry;
	struct log log;

	srandom((unsigned)strtoul(arg[3], NULL, 10));
	log_open(arg[0], &log);
	while (log.position < to && log_next(&log, &entry)) {
		if (pending.count == PENDING_MAX)
			errx(2, "too many requests without a flush");
		pending.entries[pending.count++] = entry;
		for (size_t i = 0; entry.flags & FLAG_FLUSH && i < pending.count; i++)
			apply(fd, &pending.entries[i]);
		if (entry.flags & FLAG_FLUSH)
			pending.count = 0;
	}
	for (size_t i = 0; i < pending.count; i++)
		if (pending.entries[i].flags & FLAG_FUA || random() % LOST_EVERY)
			apply(fd, &pending.entries[i]);
	return close(fd) < 0;
}

/* list LOG */
static int do_list(char **arg)
{
	struct entry entry;
	struct log log;

	log_open(arg[0], &log);
	while (log_next(&log, &entry))
		printf("%lu offset=%lu size=%lu%s%s%s\n", log.position, entry.offset_bytes,
			entry.size_bytes, entry.flags & FLAG_FLUSH ? " flush" : "",
			entry.flags & FLAG_FUA ? " fua" : "",
			entry.flags & FLAG_DISCARD ? " discard" : "");
	return 0;
}

static const struct command {
	const char *name, *arguments;
	int count;
	int (*run)(char **arg);
} commands[] = {
	{ "apply", "LOG IMAGE FROM TO", 4, do_apply },
	{ "cut", "LOG IMAGE TO SEED", 4, do_cut },
	{ "list", "LOG", 1, do_list },
	{ "ask", "IMAGE MANIFEST", 2, do_ask },
	{ "sweep", "LOG IMAGE MANIFEST EVERY", 4, do_sweep },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 1 && strcmp(argv[1], commands[i].name) == 0 &&
			argc - 2 == commands[i].count)
			return commands[i].run(argv + 2);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "usage: replay %s %s\n", commands[i].name, commands[i].arguments);
	return 2;
}
