/* SPDX-License-Identifier: MIT */
#include "guest/boot_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guest/bootspec.h"

#define TEXT_MAX_BYTES (4 * 1024 * 1024)

int boot_files_find(const char *root, const char *system, const char *name,
	char ret[FILE_PATH_BYTES], struct error *err)
{
	char inner[512];
	struct stat st;
	int r;

	snprintf(inner, sizeof(inner), "%s/%s", system, name);
	r = file_resolve(root, inner, ret, err);
	if (r < 0)
		return r;
	if (lstat(ret, &st) < 0)
		return error_errno(err, -errno, "look at %s", ret);
	if (!S_ISREG(st.st_mode))
		return error_set(err, -EBADMSG, "%s is not a regular file.", ret);
	return 0;
}

int boot_files_architecture(
	const char *root, const char *system, const struct architecture **ret, struct error *err)
{
	char path[FILE_PATH_BYTES], name[64];
	int r = boot_files_find(root, system, "system", path, err);

	if (r < 0 && !file_is_missing(r))
		return r;
	*ret = architecture_native();
	if (r < 0)
		return 0;
	file_read_line(path, name, sizeof(name));
	*ret = architecture_find(name);
	if (!*ret)
		return error_set(err, -EBADMSG,
			"%s says \"%s\", which is no platform that this installer knows.", path,
			name);
	return 0;
}

/* For systems older than bootspec: the links and kernel-params of their top level. */
static int read_boot_links(
	const char *root, const char *system, struct boot_files *ret, struct error *err)
{
	size_t root_length = strlen(root);
	char path[FILE_PATH_BYTES];
	AUTO_FREE char *text = NULL;
	int r;

	ret->devicetree[0] = '\0';
	r = boot_files_find(root, system, "kernel", path, err);
	if (r < 0)
		return r;
	snprintf(ret->kernel, sizeof(ret->kernel), "%s", path + root_length);
	r = boot_files_find(root, system, "initrd", path, err);
	if (r < 0)
		return r;
	snprintf(ret->initrd, sizeof(ret->initrd), "%s", path + root_length);
	r = boot_files_find(root, system, "kernel-params", path, err);
	if (r < 0)
		return r;
	r = file_read(path, sizeof(ret->command_line) / 2, &text, NULL, err);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	snprintf(ret->command_line, sizeof(ret->command_line), "init=%s/init %s", system, text);
	return 0;
}

int boot_files_read(const char *root, const char *system, struct boot_files *ret, struct error *err)
{
	char path[FILE_PATH_BYTES];
	AUTO_FREE char *text = NULL;
	struct bootspec spec;
	size_t size_bytes;
	int r;

	r = boot_files_find(root, system, "boot.json", path, err);
	if (r < 0 && file_is_missing(r))
		return read_boot_links(root, system, ret, err);
	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &text, &size_bytes, err);
	if (r < 0)
		return r;
	r = bootspec_parse(text, size_bytes, &spec, err);
	if (r < 0)
		return r;
	if (!text_starts_with(spec.init, system) || spec.init[strlen(system)] != '/')
		return error_set(err, -EBADMSG, "%s starts another system: %s", path, spec.init);
	snprintf(ret->kernel, sizeof(ret->kernel), "%s", spec.kernel);
	snprintf(ret->initrd, sizeof(ret->initrd), "%s", spec.initrd);
	snprintf(ret->devicetree, sizeof(ret->devicetree), "%s", spec.devicetree);
	snprintf(ret->command_line, sizeof(ret->command_line), "init=%s %s", spec.init,
		spec.kernel_params);
	return 0;
}
