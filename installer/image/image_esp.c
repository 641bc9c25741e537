/* SPDX-License-Identifier: MIT */
#include "image/image_esp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "guest/bootspec.h"
#include "guest/loader_files.h"
#include "image/image_boot_view.h"

#define PROGRAM_BYTES 512
#define VALUE_BYTES   64
#define LOADERS	      "/systemd/lib/systemd/boot/efi/"
#define FAT_EPOCH_S   315532800 /* 1980, before which FAT has no time */

/* An EFI system partition that is written, and by what. */
struct esp_image {
	char mcopy[PROGRAM_BYTES], mmd[PROGRAM_BYTES];
	char place[FILE_PATH_BYTES]; /* FILE@@OFFSET */
	char epoch[VALUE_BYTES];
	const char *environment[8];
	const char *folder; /* of the host, for the texts */
	unsigned texts;
	char (*placed)[LOADER_FILES_PATH_BYTES]; /* kernels and initrds that are there already */
	size_t placed_count;
};

static void close_esp(struct esp_image *esp)
{
	free(esp->placed);
}

static int find_mtools(const char *name, char ret[PROGRAM_BYTES], struct error *err)
{
	if (process_find_program(name, ret, PROGRAM_BYTES) == 0)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
		"The EFI system partition of an image is filled by %s, which is not in PATH: install mtools.",
		name);
}

int image_esp_check(struct error *err)
{
	char program[PROGRAM_BYTES];
	int r = find_mtools("mcopy", program, err);

	if (r < 0)
		return r;
	return find_mtools("mmd", program, err);
}

/* mtools writes times of SOURCE_DATE_EPOCH in local time. Files of the user (~/.mtoolsrc) are not
 * read without HOME. */
static int open_esp(
	const struct image_request *request, size_t index, struct esp_image *ret, struct error *err)
{
	const struct plan *plan = request->plan;
	int64_t time_s = request->time_s < FAT_EPOCH_S ? FAT_EPOCH_S : request->time_s;
	int r;

	*ret = (struct esp_image){ .folder = request->folder };
	r = find_mtools("mcopy", ret->mcopy, err);
	if (r < 0)
		return r;
	r = find_mtools("mmd", ret->mmd, err);
	if (r < 0)
		return r;
	snprintf(ret->place, sizeof(ret->place), "%s@@%" PRIu64, plan_open_path(plan, index),
		plan->partitions[index].offset_bytes);
	snprintf(ret->epoch, sizeof(ret->epoch), "SOURCE_DATE_EPOCH=%" PRId64, time_s);
	ret->environment[0] = ret->epoch;
	ret->environment[1] = "TZ=UTC";
	ret->environment[2] = "LC_ALL=C.UTF-8";
	ret->environment[3] = "MTOOLS_SKIP_CHECK=1";
	return 0;
}

static int run_mtools(const struct esp_image *esp, const char *const *argv, struct error *err)
{
	const struct process child = { .argv = argv, .environment = esp->environment };
	int r = process_run(&child, err);

	if (r < 0)
		error_wrap(err, "EFI system partition");
	return r;
}

/* -------------------------------------------------------- writing */

static int make_esp_folders(const struct esp_image *esp, struct error *err)
{
	const char *const argv[] = { esp->mmd, "-i", esp->place, "::/EFI", "::/EFI/BOOT",
		"::/EFI/Linux", "::/EFI/nixos", "::/EFI/systemd", "::/loader", "::/loader/entries",
		NULL };

	return run_mtools(esp, argv, err);
}

static int copy_to_esp(
	const struct esp_image *esp, const char *from, const char *path, struct error *err)
{
	char to[FILE_PATH_BYTES];
	const char *const argv[] = { esp->mcopy, "-i", esp->place, from, to, NULL };

	file_below(to, "::", "%s", path);
	return run_mtools(esp, argv, err);
}

static int write_to_esp(
	struct esp_image *esp, const char *path, const char *text, struct error *err)
{
	char name[FILE_PATH_BYTES];
	int r;

	file_below(name, esp->folder, "/esp-text-%u", esp->texts++);
	r = file_write(name, text, strlen(text), 0600, getuid(), getgid(), err);
	if (r < 0)
		return r;
	return copy_to_esp(esp, name, path, err);
}

/* Two systems may have the same file. */
static bool is_placed(const struct esp_image *esp, const char *path)
{
	for (size_t i = 0; i < esp->placed_count; i++)
		if (strcmp(esp->placed[i], path) == 0)
			return true;
	return false;
}

/* Copies a file of the store, with its links resolved as nixpkgs' builder does. */
static int place_file(struct esp_image *esp, struct image_view *view, const char *store_file,
	char ret[LOADER_FILES_PATH_BYTES], struct error *err)
{
	char from[FILE_PATH_BYTES];
	int r = image_view_show(view, store_file, err);

	if (r < 0)
		return r;
	r = file_resolve(view->root, store_file, from, err);
	if (r < 0)
		return r;
	loader_files_place(from + strlen(view->root), ret);
	if (is_placed(esp, ret))
		return 0;
	esp->placed = must_realloc(esp->placed, esp->placed_count + 1, sizeof(*esp->placed));
	memcpy(esp->placed[esp->placed_count++], ret, LOADER_FILES_PATH_BYTES);
	return copy_to_esp(esp, from, ret, err);
}

static int check_spec(const struct bootspec *spec, struct error *err)
{
	if (!spec->initrd_secrets && !spec->devicetree[0])
		return 0;
	return error_set_code(err, EXIT_VERIFY, -ENOTSUP,
		"The system %s has %s, which only the guest's own programs can put on the EFI system partition: leave %s out, or install the guest in a machine, from the installer's ISO.",
		spec->toplevel,
		spec->initrd_secrets ? "secrets for its initrd (boot.initrd.secrets)"
				     : "a device tree",
		spec->initrd_secrets ? "boot.initrd.secrets" : "hardware.deviceTree");
}

static int add_entry(struct esp_image *esp, const struct image_request *request,
	struct image_view *view, const struct bootspec *spec, const char *specialisation,
	struct error *err)
{
	char kernel[LOADER_FILES_PATH_BYTES], initrd[LOADER_FILES_PATH_BYTES] = "";
	char path[LOADER_FILES_PATH_BYTES];
	AUTO_FREE char *text = NULL;
	int r = check_spec(spec, err);

	if (r < 0)
		return r;
	r = place_file(esp, view, spec->kernel, kernel, err);
	if (r < 0)
		return r;
	if (spec->initrd[0])
		r = place_file(esp, view, spec->initrd, initrd, err);
	if (r < 0)
		return r;
	text = loader_files_entry(spec, specialisation, kernel, initrd, request->time_s);
	loader_files_entry_path(specialisation, path);
	return write_to_esp(esp, path, text, err);
}

static int add_entries(struct esp_image *esp, const struct image_request *request,
	struct image_view *view, struct error *err)
{
	AUTO_FREE struct bootspec *spec = must_realloc(NULL, 1, sizeof(*spec));
	AUTO_FREE char *text = NULL;
	char name[BOOTSPEC_NAME_BYTES];
	size_t size_bytes;
	int r = image_boot_view_read_spec(view, request->plan->system, &text, &size_bytes, err);

	if (r < 0)
		return r;
	r = bootspec_parse(text, size_bytes, spec, err);
	if (r < 0)
		return r;
	r = add_entry(esp, request, view, spec, NULL, err);
	for (size_t i = 0; r == 0; i++) {
		r = bootspec_parse_specialisation(text, size_bytes, i, name, spec, err);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = add_entry(esp, request, view, spec, name, err);
	}
	return r;
}

/* What `bootctl install` copies; the file entries.srel says which entries are there (systemd, The
 * Boot Loader Specification). */
static int add_boot_loader(struct esp_image *esp, const struct image_request *request,
	struct image_view *view, struct error *err)
{
	const struct architecture *guest = request->plan->architecture;
	char inner[FILE_PATH_BYTES], from[FILE_PATH_BYTES], place[FILE_PATH_BYTES];
	int r;

	snprintf(inner, sizeof(inner), "%s" LOADERS "%s", request->plan->system,
		guest->loader_program);
	snprintf(place, sizeof(place), "/EFI/systemd/%s", guest->loader_program);
	r = image_view_show(view, inner, err);
	if (r < 0 && file_is_missing(r))
		return error_set_code(err, EXIT_VERIFY, r,
			"The system has no systemd-boot: there is no %s.", inner);
	if (r < 0)
		return r;
	r = file_resolve(view->root, inner, from, err);
	if (r < 0)
		return r;
	r = copy_to_esp(esp, from, place, err);
	if (r < 0)
		return r;
	r = copy_to_esp(esp, from, guest->efi_program, err);
	if (r < 0)
		return r;
	return write_to_esp(esp, "/loader/entries.srel", "type1\n", err);
}

int image_esp_fill(const struct image_request *request, size_t index, struct image_view *view,
	struct error *err)
{
	CLEANUP(close_esp) struct esp_image esp = { .placed = NULL };
	int r = open_esp(request, index, &esp, err);

	if (r < 0)
		return r;
	r = make_esp_folders(&esp, err);
	if (r < 0)
		return r;
	r = add_boot_loader(&esp, request, view, err);
	if (r < 0)
		return r;
	r = add_entries(&esp, request, view, err);
	if (r < 0)
		return r;
	return write_to_esp(&esp, "/loader/loader.conf", loader_files_config, err);
}

int image_esp_read(
	const struct image_request *request, size_t index, const char *to, struct error *err)
{
	struct esp_image esp;
	int r = open_esp(request, index, &esp, err);
	const char *const argv[] = { esp.mcopy, "-s", "-n", "-i", esp.place, "::/EFI", "::/loader",
		to, NULL };

	if (r < 0)
		return r;
	r = file_ensure_folder(to, 0700, err);
	if (r < 0)
		return r;
	return run_mtools(&esp, argv, err);
}
