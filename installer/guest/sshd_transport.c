/* SPDX-License-Identifier: MIT */
#include "guest/sshd_transport.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* The defaults of the client's versions together. */
static const char *const key_exchanges[] = { "mlkem768x25519-sha256", "sntrup761x25519-sha512",
	"sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org",
	"ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
	"diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512",
	"diffie-hellman-group18-sha512", "diffie-hellman-group14-sha256", NULL };
static const char *const ciphers_with_mac[] = { "chacha20-poly1305@openssh.com",
	"aes128-gcm@openssh.com", "aes256-gcm@openssh.com", NULL };
static const char *const plain_ciphers[] = { "aes128-ctr", "aes192-ctr", "aes256-ctr", NULL };
static const char *const macs[] = { "umac-64-etm@openssh.com", "umac-128-etm@openssh.com",
	"hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com",
	"hmac-sha1-etm@openssh.com", "umac-64@openssh.com", "umac-128@openssh.com", "hmac-sha2-256",
	"hmac-sha2-512", "hmac-sha1", NULL };

static bool is_known(const char *const *known, const char *name)
{
	for (; *known; known++)
		if (strcmp(*known, name) == 0)
			return true;
	return false;
}

/* Whether the list of this keyword has one of the names, or is the default or a change to it. */
static bool offers(const struct sshd_values *values, const char *keyword, const char *const *known)
{
	AUTO_FREE char *copy = text_duplicate(sshd_values_get(values, keyword, "+"));
	char *save = NULL;

	if (strspn(copy, "+-^"))
		return true;
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (is_known(known, name))
			return true;
	return false;
}

static int refuse_algorithms(
	const struct sshd_values *values, const char *keyword, struct error *err)
{
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's sshd_config has %s %.200s, of which today's SSH clients use none unless they are told to: add one that they use, or take the line out.",
		keyword, sshd_values_get(values, keyword, ""));
}

int sshd_transport_check(const struct sshd_values *values, struct error *err)
{
	if (!offers(values, "KexAlgorithms", key_exchanges))
		return refuse_algorithms(values, "KexAlgorithms", err);
	if (offers(values, "Ciphers", ciphers_with_mac))
		return 0;
	if (!offers(values, "Ciphers", plain_ciphers))
		return refuse_algorithms(values, "Ciphers", err);
	if (!offers(values, "MACs", macs))
		return refuse_algorithms(values, "MACs", err);
	return 0;
}
