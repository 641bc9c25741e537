/* SPDX-License-Identifier: MIT */
#include "start_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "disk/mount.h"
#include "init/iso_medium.h"
#include "init/kexec.h"
#include "init/machine.h"
#include "plan/start_choice.h"
#include "results.h"
#include "verdict/progress.h"
#include "verify/boot_loader.h"
#include "verify/installed_disk.h"
#include "verify/verify.h"

/* The guest that is started. */
struct started_guest {
	struct plan plan;
	struct manifest manifest;
	struct verified verified;
	uint8_t first_sector[BOOT_SECTOR_BYTES];
	struct last_start last;
};

/* -------------------------------------------------------- by kexec */

static int load_kernel(
	const struct last_start *last, const struct boot_entry *entry, struct error *err)
{
	const char *why = start_choice_why_no_kexec(last, entry->known);
	const struct kexec_image image = {
		.kernel = entry->kernel,
		.initrds = entry->initrds,
		.initrd_count = entry->initrd_count,
		.command_line = entry->command_line,
	};

	return why ? error_set(err, -EOPNOTSUPP, "%s", why) : kexec_load(&image, err);
}

void start_guest_after_install(struct shared_state *shared, const struct boot_entry *entry)
{
	static const struct last_start none;
	struct error err;

	if (shared->on_success != ENDING_KEXEC || load_kernel(&none, entry, &err) == 0)
		return;
	log_line("start: the machine reboots instead of kexec: %s", err.text);
	shared->on_success = ENDING_REBOOT;
}

void start_guest_report(struct shared_state *shared, enum ending wanted)
{
	if (wanted == ENDING_KEXEC)
		progress_result(shared, "start", "%s",
			shared->on_success == ENDING_KEXEC ? "kexec" : "reboot");
}

/* -------------------------------------------------------- the record of the start */

/* The mark as it is now, and the checksum of the superblock behind it. */
static int read_record(int fd, const struct installed_choice *choice, struct install_mark *ret_mark,
	uint32_t *ret_superblock, struct error *err)
{
	uint8_t superblock[SUPERBLOCK_BYTES];
	int r = install_mark_read(fd, choice->root_offset_bytes, ret_mark, err);

	if (r < 0)
		return r;
	if (file_read_at(fd, superblock, sizeof(superblock),
		    choice->root_offset_bytes + SUPERBLOCK_OFFSET_BYTES) != sizeof(superblock))
		return error_set(err, -EIO, "The superblock of the guest's root cannot be read.");
	*ret_superblock = start_choice_checksum(superblock);
	return 0;
}

/* The start is recorded on the disk whose mark was chosen, and nowhere else. */
static int write_record(const struct disk *disk, const struct installed_choice *choice,
	enum mark_start start, struct error *err)
{
	AUTO_CLOSE int fd = open(disk->path, O_RDWR | O_EXCL | O_CLOEXEC);
	struct install_mark mark;
	uint32_t superblock = 0;
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "open %s for writing", disk->path);
	r = read_record(fd, choice, &mark, &superblock, err);
	if (r < 0)
		return r;
	if (mark.state != MARK_INSTALLED || strcasecmp(mark.fs_uuid, choice->mark->fs_uuid) != 0)
		return error_set(err, -ESTALE,
			"%s has another mark than when it was chosen, so another program has written to it.",
			disk->path);
	mark.start = start;
	mark.start_superblock = start == MARK_START_NONE ? 0 : superblock;
	return install_mark_write(fd, choice->root_offset_bytes, &mark, err);
}

static int read_last_start(const struct disk *disk, const struct installed_choice *choice,
	struct last_start *ret, struct error *err)
{
	AUTO_CLOSE int fd = open(disk->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, -errno, "open %s", disk->path);
	ret->on_xen = machine_is_domain(machine_xen_kind("/sys"));
	return read_record(fd, choice, &ret->mark, &ret->superblock, err);
}

/* A start that came back is reported once: the next power-on may try again. */
static int check_return(const struct disk *disk, const struct installed_choice *choice,
	const struct last_start *last, struct error *err)
{
	struct error second;
	int r = start_choice_check_return(last, err);

	if (r == -ELOOP && write_record(disk, choice, MARK_START_NONE, &second) < 0)
		log_line("start: the record of the last start stays: %s", second.text);
	return r;
}

/* -------------------------------------------------------- the guest */

static int read_guest(
	const struct candidates *candidates, struct started_guest *ret, struct error *err)
{
	const struct disk *boot = candidates_boot(candidates);

	return installed_disk_read(candidates_target(candidates)->path, boot ? boot->path : NULL,
		&ret->plan, ret->first_sector, err);
}

/* Between mounting and unmounting. */
static int verify_guest(struct started_guest *guest, const char *root, struct error *err)
{
	AUTO_CLOSE int fd = open(guest->plan.disk_path, O_RDONLY | O_CLOEXEC);
	const struct verify_request request = {
		.plan = &guest->plan,
		.manifest = &guest->manifest,
		.root = root,
		.disk_fd = fd,
		.first_sector = guest->first_sector,
	};
	int r = installed_disk_mount(&guest->plan, root, err);

	if (r < 0)
		return r;
	if (fd < 0)
		return error_errno(err, -errno, "open %s", guest->plan.disk_path);
	manifest_assume(guest->plan.system, guest->plan.layout, &guest->manifest);
	boot_loader_find(root, &guest->plan, guest->first_sector, &guest->manifest);
	return verify_boot(&request, &guest->verified, err);
}

/* Verifies the guest and loads its kernel. *ret_loaded: kexec is possible. */
static int prepare_guest(const struct candidates *candidates, struct started_guest *guest,
	const char *root, bool *ret_loaded, struct error *err)
{
	struct error second;
	int r = read_guest(candidates, guest, err);

	if (r == 0)
		r = verify_guest(guest, root, err);
	if (r == 0) {
		*ret_loaded = load_kernel(&guest->last, &guest->verified.entry, &second) == 0;
		if (!*ret_loaded)
			log_line("start: the medium is ejected instead of kexec: %s", second.text);
	}
	if (mount_detach_below(root, &second) < 0 && r == 0) {
		*err = second;
		r = -EBUSY;
	}
	if (r < 0) {
		err->code = EXIT_VERIFY;
		error_wrap(err, "This machine is already installed, and its guest is not started");
	}
	return r;
}

/* So that the next boot is not of the ISO. */
static int leave_medium(const struct plan *plan, struct error *err)
{
	int r = start_choice_check_firmware(plan->layout, err);

	if (r == 0)
		r = iso_medium_eject(err);
	if (r < 0) {
		err->code = EXIT_ALREADY_INSTALLED;
		error_wrap(err,
			"This machine is already installed, and its guest can be started neither by kexec nor by a reboot");
	}
	return r;
}

static void report_start(struct shared_state *shared, const struct started_guest *guest, bool kexec)
{
	progress_result(shared, "already-installed", "yes");
	progress_result(shared, "kernel", "%s", guest->verified.boot.kernel);
	progress_result(shared, "initrd", "%s", guest->verified.boot.initrd);
	progress_result(shared, "cmdline", "%s", guest->verified.entry.command_line);
	results_report_place(shared, &guest->plan);
	progress_result(shared, "start", "%s", kexec ? "kexec" : "eject");
}

int start_guest_installed(struct shared_state *shared, const struct candidates *candidates,
	const struct installed_choice *choice, const char *root, struct error *err)
{
	static struct started_guest guest;
	const struct disk *disk = candidates_target(candidates);
	bool loaded = false;
	int r;

	progress_begin(shared, STAGE_VERIFY, "reading the installed guest back");
	r = read_last_start(disk, choice, &guest.last, err);
	if (r < 0)
		return r;
	r = prepare_guest(candidates, &guest, root, &loaded, err);
	if (r < 0)
		return r;
	r = check_return(disk, choice, &guest.last, err);
	if (r < 0)
		return r;
	r = loaded ? 0 : leave_medium(&guest.plan, err);
	if (r < 0)
		return r;
	r = write_record(disk, choice, loaded ? MARK_START_KEXEC : MARK_START_EJECT, err);
	if (r < 0) {
		err->code = EXIT_ALREADY_INSTALLED;
		error_wrap(err,
			"This machine is already installed, and its guest is not started, because the start cannot be recorded");
		return r;
	}
	shared->on_success = loaded ? ENDING_KEXEC : ENDING_REBOOT;
	report_start(shared, &guest, loaded);
	return 0;
}
