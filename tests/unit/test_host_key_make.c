/* SPDX-License-Identifier: MIT */
/* Proves that a host key that is made here is one of OpenSSH's (host_key_make). The oracle is
 * ssh-keygen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "input/host_key_make.h"

static const uint8_t seed[HOST_KEY_SEED_BYTES] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
	0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69,
	0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60 };

static void free_pair(struct host_key_pair *pair)
{
	free(pair->private_text);
	free(pair->public_text);
}

/* RFC 8032, section 7.1, test 1: the public key of this private one. */
static void the_public_key_is_that_of_the_specification(void **state)
{
	struct host_key_pair pair;

	(void)state;
	host_key_make(seed, 1, &pair);
	assert_string_equal(pair.name, "ssh_host_ed25519_key");
	assert_string_equal(pair.public_text,
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n");
	free_pair(&pair);
}

static void write_text(const char *folder, const char *name, const char *text)
{
	struct error err;
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write(path, text, strlen(text), 0600, getuid(), getgid(), &err), 0);
}

/* Runs commands in a folder with the key in the file key, and its public part in expected. */
static void accepts(uint32_t check, const char *commands)
{
	char folder[] = "/tmp/host-key-XXXXXX", command[300];
	struct host_key_pair pair;

	assert_non_null(mkdtemp(folder));
	host_key_make(seed, check, &pair);
	write_text(folder, "key", pair.private_text);
	write_text(folder, "expected", pair.public_text);
	snprintf(command, sizeof(command), "cd %s && %s", folder, commands);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	free_pair(&pair);
}

static void ssh_keygen_reads_it_and_signs_with_it(void **state)
{
	(void)state;
	accepts(0xfedcba98,
		"ssh-keygen -y -P '' -f key | cmp - expected && ssh-keygen -q -Y sign -n test -f key expected && "
		"echo \"host $(cat expected)\" >signers && "
		"ssh-keygen -q -Y verify -f signers -I host -n test -s expected.sig <expected");
}

/* ssh-keygen writes the key anew, with another number: the lines have the same length. */
static void ssh_keygen_writes_the_same_text(void **state)
{
	(void)state;
	accepts(7,
		"wc -lc key >before && ssh-keygen -q -p -P '' -N '' -f key >/dev/null && wc -lc key | cmp - before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_key_is_that_of_the_specification),
		cmocka_unit_test(ssh_keygen_reads_it_and_signs_with_it),
		cmocka_unit_test(ssh_keygen_writes_the_same_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
