/* SPDX-License-Identifier: MIT */
/* login.c — runs login_check for tests/loop/sshd.sh: ROOT SYSTEM USER KEY-FILE */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest/login_check.h"
#include "verdict/console.h"

#define KEYS_MAX_BYTES (256 * 1024)

int main(int argc, char **argv)
{
	AUTO_FREE char *keys = NULL;
	struct error err = { 0 };
	unsigned port = 0;
	int r;

	if (argc != 5)
		return 2;
	console_silence();
	r = file_read(argv[4], KEYS_MAX_BYTES, &keys, NULL, &err);
	if (r == 0) {
		const struct login_request request = {
			.root = argv[1], .system = argv[2], .user = argv[3], .keys_text = keys
		};

		r = login_check(&request, &port, &err);
	}
	if (r < 0)
		printf("%d: %s\n", err.code, err.text);
	else
		printf("port=%u\n", port);
	return r < 0;
}
