/* SPDX-License-Identifier: MIT */
#include "guest/host_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "guest/target_file.h"

#define HOST_NAME_FILE "/etc/hostname"
#define NAME_BYTES     256

/* The first line of a file of the guest; empty if there is none. */
static void read_name(const char *root, const char *file, char ret[NAME_BYTES])
{
	char path[FILE_PATH_BYTES];
	struct error none;

	ret[0] = '\0';
	if (file_resolve(root, file, path, &none) == 0)
		file_read_line(path, ret, NAME_BYTES);
}

/* The name that the system's own /etc fixes; empty if it leaves it open. */
static void read_fixed_name(const char *root, const char *system, char ret[NAME_BYTES])
{
	char file[512];

	snprintf(file, sizeof(file), "%s" HOST_NAME_FILE, system);
	read_name(root, file, ret);
}

int host_name_write(const char *root, const char *system, const char *name, struct error *err)
{
	char fixed[NAME_BYTES], line[NAME_BYTES];

	if (!name[0])
		return 0;
	read_fixed_name(root, system, fixed);
	if (fixed[0] && strcmp(fixed, name) != 0)
		log_line(
			"warning: the guest keeps its host name %s, and hostname = %s is not used: set networking.hostName = \"\" in its configuration",
			fixed, name);
	if (fixed[0])
		return 0;
	snprintf(line, sizeof(line), "%s\n", name);
	return target_file_write(root, HOST_NAME_FILE, line, strlen(line), 0644, 0, 0, err);
}

int host_name_verify(const char *root, const char *system, const char *name, struct error *err)
{
	char fixed[NAME_BYTES], found[NAME_BYTES];

	read_fixed_name(root, system, fixed);
	if (!name[0] || fixed[0])
		return 0;
	read_name(root, HOST_NAME_FILE, found);
	if (strcmp(found, name) == 0)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EBADMSG,
		"The guest's " HOST_NAME_FILE
		" holds \"%s\" instead of the host name %s: its activation has changed the file.",
		found, name);
}
