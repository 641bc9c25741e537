/* SPDX-License-Identifier: MIT */
#include "guest/first_boot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "guest/target_file.h"
#include "verdict/protocol.h"

#define UNIT		   "systemd-tmpfiles-setup.service"
#define UNIT_MAX_BYTES	   (64 * 1024)
#define LOADS_CREDENTIAL   "Credential=tmpfiles." /* LoadCredential, since 254 ImportCredential */
#define CREDENTIALS_FOLDER "/etc/credstore"
#define CREDENTIAL	   CREDENTIALS_FOLDER "/tmpfiles.extra"
#define CONSOLE_LINK	   "/run/guest-installer-console"

/* The unit leaves out paths below /dev, and w follows the link. "!": only at boot. "-": a console
 * that cannot be written to is no failure of the unit. */
#define LINES                                                                                      \
	"# Written by guest-installer: the first boot prints the verdict and removes this file.\n" \
	"L+-! " CONSOLE_LINK " - - - - /dev/console\n"                                             \
	"w-! " CONSOLE_LINK " - - - - \\n%s\\n\n"                                                  \
	"r! " CREDENTIAL "\n"

static bool loads_credential(const char *root, const char *system)
{
	AUTO_FREE char *text = NULL;
	char unit[512];
	struct error none;

	snprintf(unit, sizeof(unit), "%.400s/etc/systemd/system/" UNIT, system);
	return file_read_inside(root, unit, UNIT_MAX_BYTES, &text, NULL, &none) == 0 &&
	       strstr(text, LOADS_CREDENTIAL);
}

/* Why the guest is left without; NULL if it is not. */
static const char *reason_against(
	const char *root, const char *system, const struct manifest *manifest)
{
	char path[FILE_PATH_BYTES];
	struct error none;

	if (manifest->etc_overlay && !manifest->etc_mutable)
		return "its /etc is read-only";
	if (!loads_credential(root, system))
		return "its " UNIT " loads no credential tmpfiles.extra";
	if (file_resolve(root, CREDENTIAL, path, &none) == 0)
		return "it has a file " CREDENTIAL;
	return NULL;
}

/* The folder as systemd's tmpfiles.d has it: 0700. */
static int make_folder(const char *root, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct error none;
	int r;

	if (file_resolve(root, CREDENTIALS_FOLDER, path, &none) == 0)
		return 0;
	r = target_file_make_folder(root, CREDENTIALS_FOLDER, path, err);
	if (r < 0)
		return r;
	return file_make_folder(path, 0700, 0, 0, err);
}

int first_boot_write_verdict(
	const char *root, const char *system, const struct manifest *manifest, struct error *err)
{
	const char *reason = reason_against(root, system, manifest);
	char verdict[PROTOCOL_LINE_BYTES], lines[1024];
	int length, r;

	if (reason) {
		log_line("first boot: the guest will not print the verdict: %s", reason);
		return 0;
	}
	protocol_line(verdict, &(const struct event){ .type = EVENT_SUCCESSFUL });
	verdict[strcspn(verdict, "\n")] = '\0';
	length = snprintf(lines, sizeof(lines), LINES, verdict);
	r = make_folder(root, err);
	if (r == 0)
		r = target_file_write(root, CREDENTIAL, lines, (size_t)length, 0600, 0, 0, err);
	if (r < 0)
		error_wrap(err, "write %s into the guest", CREDENTIAL);
	return r;
}
