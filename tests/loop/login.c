/* SPDX-License-Identifier: MIT */
/*
 * login — whether the owner can log in, one question a call, for sshd.sh and authorized_keys.sh.
 *
 *     login check ROOT SYSTEM USER KEY-FILE     prints port=N (login_check)
 *     login keys KEY-FILE                       prints authorized_keys (ssh_keys)
 *
 * An error goes to standard output as "code: sentence", and the exit status is 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest/login_check.h"
#include "input/ssh_keys.h"
#include "verdict/console.h"

static int check_login(char **argv, struct error *err)
{
	AUTO_FREE char *keys = NULL;
	unsigned port = 0;
	int r = file_read(argv[3], KEY_FILE_MAX_BYTES, &keys, NULL, err);

	if (r < 0)
		return r;
	const struct login_request request = {
		.root = argv[0], .system = argv[1], .user = argv[2], .keys_text = keys
	};

	r = login_check(&request, &port, err);
	if (r == 0)
		printf("port=%u\n", port);
	return r;
}

static int read_keys(const char *path, struct error *err)
{
	static struct ssh_keys keys;
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	int r = file_read(path, KEY_FILE_MAX_BYTES, &text, &size_bytes, err);

	keys.now = time(NULL);
	if (r == 0)
		r = ssh_keys_add(&keys, path, text, size_bytes, err);
	if (r < 0)
		return r;
	if (keys.count == 0)
		return error_set(err, -1, "%s", keys.warning_count ? keys.warnings[0] : "none");
	AUTO_FREE char *written = ssh_keys_text(&keys);

	printf("%s", written);
	ssh_keys_free(&keys);
	return 0;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	int r;

	console_silence();
	if (argc == 6 && strcmp(argv[1], "check") == 0)
		r = check_login(argv + 2, &err);
	else if (argc == 3 && strcmp(argv[1], "keys") == 0)
		r = read_keys(argv[2], &err);
	else
		return 2;
	if (r < 0)
		printf("%d: %s\n", err.code, err.text);
	return r < 0;
}
