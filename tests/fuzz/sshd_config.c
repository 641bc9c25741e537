/* SPDX-License-Identifier: MIT */
/* Any text as sshd_config, and as what sshd -T prints. */
#include <errno.h>

#include "guest/sshd_config.h"
#include "guest/sshd_login.h"
#include "guest/sshd_values.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static char rsa[] = "ssh-rsa";
static const struct ssh_key_line key = { .type = rsa, .rsa_bits = 2048 };
static const struct sshd_login root = {
	.user = "root", .home = "/root", .groups = "root wheel", .keys = &key, .key_count = 1
};
static const struct sshd_login alice = {
	.user = "alice", .home = "/home/alice", .groups = "", .open_home = true, .locked = true
};

static void check_values(const char *text, const struct sshd_login *login)
{
	struct sshd_origin origins[SSHD_ORIGINS_MAX];
	size_t count = sshd_match_propose_origins(text, origins);
	struct sshd_values values;

	sshd_values_parse(text, &values);
	for (size_t i = 0; i < count; i++) {
		struct error err = FUZZ_NO_ERROR;
		int r = sshd_login_check(&values, login, &origins[i], &err);

		promised(!sshd_match_is_loopback(origins[i].address));
		promised(!strchr(origins[i].host, ',') && !strchr(origins[i].address, ','));
		promised(r == 0 ||
			 (r == -EACCES && fuzz_error_is_set(&err) && err.code == EXIT_VERIFY));
	}
	promised(sshd_values_port(&values) <= 65535);
	sshd_values_free(&values);
}

static void check_config(const char *text, const struct sshd_login *login)
{
	AUTO_FREE char *printed = NULL;
	struct error err = FUZZ_NO_ERROR;
	int r = sshd_config_read("a file", text, login->user, &printed, &err);

	if (r == 0)
		check_values(printed, login);
	else
		promised(r == -EACCES && fuzz_error_is_set(&err) && err.code == EXIT_VERIFY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);

	check_config(text, &root);
	check_config(text, &alice);
	check_values(text, &root);
	check_values(text, &alice);
	promised((sshd_host_keys(text) & ~(unsigned)(SSHD_ED25519 | SSHD_RSA)) == 0);
	return 0;
}
