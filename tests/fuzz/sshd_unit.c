/* SPDX-License-Identifier: MIT */
/* Any texts as the units that start the guest's SSH server: sshd.service, or with a byte of 0xff in
 * between a socket and sshd@.service. */
/* Modules: guest/sshd_run. */
#include "folder.h"
#include "guest/sshd_run.h"
#include "mutate.h"

#define SYSTEM "/nix/store/00000000000000000000000000000000-x"
#define UNITS  SYSTEM "/etc/systemd/system"

static const char *const folders[] = { "/nix", "/nix/store", SYSTEM, SYSTEM "/etc",
	SYSTEM "/etc/systemd", UNITS, UNITS "/multi-user.target.wants",
	UNITS "/sockets.target.wants" };

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static void check_program(const struct sshd_program *program)
{
	promised(program->count >= 1 && program->count <= SSHD_ARGUMENTS_MAX);
	promised(program->arguments[0][0] == '/');
	for (size_t i = 0; i < program->count; i++)
		promised(program->arguments[i][0] && !strpbrk(program->arguments[i], " \t\n"));
	promised(memchr(program->config_path, '\0', sizeof(program->config_path)));
}

static void find(const char *root)
{
	struct sshd_program program = { .count = 0 };
	struct error err = FUZZ_NO_ERROR;

	if (sshd_run_find(root, SYSTEM, &program, &err) < 0)
		promised(fuzz_error_is_set(&err));
	else
		check_program(&program);
	sshd_run_free(&program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const char *root = fuzz_folder_get(folders, sizeof(folders) / sizeof(folders[0]));
	size_t part_bytes;
	const uint8_t *part = fuzz_part(&data, &size_bytes, &part_bytes);

	fuzz_folder_write(UNITS "/multi-user.target.wants/sshd.service", part, part_bytes);
	find(root);
	fuzz_folder_delete(UNITS "/multi-user.target.wants/sshd.service");
	fuzz_folder_write(UNITS "/sockets.target.wants/sshd.socket", part, part_bytes);
	fuzz_folder_write(UNITS "/sshd@.service", data, size_bytes);
	find(root);
	return 0;
}
