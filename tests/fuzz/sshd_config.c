/* SPDX-License-Identifier: MIT */
/* Any text as sshd_config. */
#include <errno.h>

#include "fuzz.h"
#include "guest/sshd_config.h"

static void check(const char *text, const struct sshd_login *login)
{
	struct error err = FUZZ_NO_ERROR;
	int r = sshd_config_check(text, login, &err);

	promised(r == 0 || (r == -EACCES && fuzz_error_is_set(&err) && err.code == EXIT_VERIFY));
}

static const struct sshd_login root = {
	.user = "root", .home = "/root", .groups = "root wheel", .shell = ""
};
static const struct sshd_login alice = {
	.user = "alice", .home = "/home/alice", .groups = "", .shell = "/bin/sh", .open_home = true
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);

	check(text, &root);
	check(text, &alice);
	promised((sshd_host_keys(text) & ~(unsigned)(SSHD_ED25519 | SSHD_RSA)) == 0);
	return 0;
}
