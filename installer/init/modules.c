/* SPDX-License-Identifier: MIT */
#include "init/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "init/driver_line.h"
#include "init/module_parameters.h"

#define FOLDER	       "/lib/modules"
#define MAX_FILE_BYTES (1024 * 1024)
#define NAME_BYTES     128
#define MODALIAS_BYTES 512

/* A list of strings. */
struct names {
	char **list;
	size_t count;
};

/* What is known while the drivers are loaded. The modaliases are those of the time when `loaded`
 * had seen_count entries: a driver adds the devices of its bus. */
struct loader {
	char *command_line;
	struct names loaded, modaliases;
	size_t seen_count;
};

static void append_name(struct names *names, const char *text)
{
	names->list = must_realloc(names->list, names->count + 1, sizeof(*names->list));
	names->list[names->count++] = text_duplicate(text);
}

static void clear_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct names){ 0 };
}

static void append_modaliases(struct names *modaliases, const char *files)
{
	glob_t found = { 0 };

	if (glob(files, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			char modalias[MODALIAS_BYTES];

			file_read_line(found.gl_pathv[i], modalias, sizeof(modalias));
			append_name(modaliases, modalias);
		}
	globfree(&found);
}

/* The devices of a virtual machine that exist as soon as the driver of their bus is loaded. USB and
 * Hyper-V report theirs later; "usb:" stands for all of them once the bus exists. */
static void find_devices(struct loader *loader)
{
	struct names *modaliases = &loader->modaliases;

	if (modaliases->count > 0 && loader->seen_count == loader->loaded.count)
		return;
	clear_names(modaliases);
	append_modaliases(modaliases, "/sys/bus/pci/devices/*/modalias");
	append_modaliases(modaliases, "/sys/bus/virtio/devices/*/modalias");
	append_modaliases(modaliases, "/sys/bus/acpi/devices/*/modalias");
	if (access("/sys/bus/usb", F_OK) == 0)
		append_name(modaliases, "usb:");
	if (access("/sys/bus/vmbus", F_OK) == 0)
		append_name(modaliases, "vmbus:");
	loader->seen_count = loader->loaded.count;
}

/* ENODEV: the module's hardware is absent; ENOENT: that of a module which it needs. EEXIST: the
 * module is built in or already loaded. */
static void load_file(const char *name, const char *command_line)
{
	AUTO_FREE char *parameters = module_parameters_find(command_line, name);
	char path[sizeof(FOLDER) + NAME_BYTES];
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT)
			log_line("modules: open %s: %s", path, strerror(errno));
		return;
	}
	if (parameters[0])
		log_line("modules: %s is loaded with %s", name, parameters);
	if (syscall(SYS_finit_module, fd, parameters, 0) < 0 && errno != ENODEV &&
		errno != ENOENT && errno != EEXIST)
		log_line("modules: load %s: %s", name, strerror(errno));
}

static void load_once(struct loader *loader, const struct driver_word *file)
{
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%.*s", (int)file->length, file->text);
	for (size_t i = 0; i < loader->loaded.count; i++)
		if (strcmp(loader->loaded.list[i], name) == 0)
			return;
	load_file(name, loader->command_line);
	append_name(&loader->loaded, name);
}

static void load_driver(struct loader *loader, const char *line)
{
	struct driver_word word;

	find_devices(loader);
	if (!driver_line_is_wanted(line, loader->modaliases.list, loader->modaliases.count))
		return;
	while (driver_line_next(&line, &word))
		if (word.is_file)
			load_once(loader, &word);
}

static char *read_text(const char *path)
{
	struct error err;
	char *text = NULL;

	if (file_read(path, MAX_FILE_BYTES, &text, NULL, &err) == 0)
		return text;
	log_line("modules: %s", err.text);
	return text_duplicate("");
}

void modules_load_drivers(void)
{
	AUTO_FREE char *drivers = read_text(FOLDER "/drivers");
	struct loader loader = { .command_line = read_text("/proc/cmdline") };
	char *save = NULL;

	for (char *line = strtok_r(drivers, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		load_driver(&loader, line);
	clear_names(&loader.loaded);
	clear_names(&loader.modaliases);
	free(loader.command_line);
}

void modules_load_file(const char *name)
{
	AUTO_FREE char *command_line = read_text("/proc/cmdline");

	load_file(name, command_line);
}
