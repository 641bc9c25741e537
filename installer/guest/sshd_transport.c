/* SPDX-License-Identifier: MIT */
#include "guest/sshd_transport.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guest/sshd_match.h"

#define BLANKS " \t"

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

/* Whether the list of this keyword has one of the names, or is the default or a change to it. */
static bool offers(const struct sshd_values *values, const char *keyword, const char *const *known)
{
	AUTO_FREE char *copy = text_duplicate(sshd_values_get(values, keyword, "+"));
	char *save = NULL;

	if (strspn(copy, "+-^"))
		return true;
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (text_is_one_of(name, known))
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

/* An RSA host key signs by two algorithms that clients use, and by SHA-1 (ssh-rsa), which they have
 * refused since OpenSSH 8.8. */
static bool has_host_key_algorithm(const char *list, const char *type)
{
	if (strcmp(type, "ssh-rsa") != 0)
		return sshd_match_list(list, type);
	return sshd_match_list(list, "rsa-sha2-512") || sshd_match_list(list, "rsa-sha2-256");
}

bool sshd_transport_offers_host_key(const struct sshd_values *values, const char *type)
{
	const char *offered = sshd_values_get(values, "hostkeyalgorithms", NULL);

	return !offered || has_host_key_algorithm(offered, type);
}

/* ------------------------------------------------------------------- where it listens */

/* The address of "0.0.0.0:22" or "[::]:22". */
static void take_address(const char *value, char ret[128])
{
	const char *end;

	if (*value == '[') {
		end = strchrnul(++value, ']');
	} else {
		end = strrchr(value, ':');
		end = end && strchr(value, ':') == end ? end : value + strcspn(value, BLANKS);
	}
	snprintf(ret, 128, "%.*s", (int)(end - value), value);
}

int sshd_transport_check_listen(const struct sshd_values *values, struct error *err)
{
	const char *value, *last = NULL;
	char address[128];
	size_t at = 0;

	while ((value = sshd_values_next(values, "ListenAddress", &at))) {
		take_address(value, address);
		if (!sshd_match_is_loopback(address))
			return 0;
		last = value;
	}
	if (!last)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's SSH server listens on its own loopback address only (ListenAddress %.100s), where no client reaches it.",
		last);
}
