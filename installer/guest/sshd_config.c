/* SPDX-License-Identifier: MIT */
#include "guest/sshd_config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guest/sshd_match.h"

/* Every keyword of sshd_config(5) up to OpenSSH 10. One that sshd does not know keeps it from
 * starting. */
static const char *const plain_keywords[] = { "AcceptEnv", "AddressFamily", "AllowAgentForwarding",
	"AllowStreamLocalForwarding", "AllowTcpForwarding", "AuthorizedKeysCommand",
	"AuthorizedKeysCommandUser", "AuthorizedPrincipalsCommand",
	"AuthorizedPrincipalsCommandUser", "AuthorizedPrincipalsFile", "Banner",
	"CASignatureAlgorithms", "ChallengeResponseAuthentication", "ChannelTimeout",
	"ClientAliveCountMax", "ClientAliveInterval", "Compression", "DisableForwarding",
	"ExposeAuthInfo", "FingerprintHash", "GatewayPorts", "GSSAPIAuthentication",
	"GSSAPICleanupCredentials", "GSSAPIStrictAcceptorCheck", "HostbasedAcceptedAlgorithms",
	"HostbasedAuthentication", "HostbasedUsesNameFromPacketOnly", "HostCertificate",
	"HostKeyAgent", "IgnoreRhosts", "IgnoreUserKnownHosts", "IPQoS",
	"KbdInteractiveAuthentication", "KerberosAuthentication", "KerberosOrLocalPasswd",
	"KerberosTicketCleanup", "LoginGraceTime", "LogLevel", "LogVerbose", "MaxStartups",
	"ModuliFile", "PasswordAuthentication", "PermitEmptyPasswords", "PermitListen",
	"PermitOpen", "PermitTTY", "PermitTunnel", "PermitUserEnvironment", "PermitUserRC",
	"PerSourceNetBlockSize", "PerSourcePenalties", "PerSourcePenaltyExemptList", "PidFile",
	"PrintLastLog", "PrintMotd", "PubkeyAuthOptions", "RekeyLimit", "SecurityKeyProvider",
	"SetEnv", "SshdAuthPath", "SshdSessionPath", "StreamLocalBindMask", "StreamLocalBindUnlink",
	"Subsystem", "SyslogFacility", "TCPKeepAlive", "TrustedUserCAKeys",
	"UnusedConnectionTimeout", "UseDNS", "VersionAddendum", "X11DisplayOffset", "X11Forwarding",
	"X11UseLocalhost", "XAuthLocation", NULL };

/* Keywords of older versions, which sshd ignores with a warning. */
static const char *const old_keywords[] = { "KeyRegenerationInterval", "Protocol",
	"RhostsRSAAuthentication", "RSAAuthentication", "ServerKeyBits", "SkeyAuthentication",
	"UseLogin", "UsePrivilegeSeparation", NULL };

/* Keywords that decide over a login: of the first kind the first line counts, of the second every
 * line. */
static const char *const first_keywords[] = { "AuthenticationMethods", "AuthorizedKeysFile",
	"ChrootDirectory", "Ciphers", "ForceCommand", "HostKeyAlgorithms", "KexAlgorithms", "MACs",
	"MaxAuthTries", "MaxSessions", "PermitRootLogin", "PerSourceMaxStartups",
	"PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes", "PubkeyAuthentication",
	"RefuseConnection", "RequiredRSASize", "RevokedKeys", "StrictModes", "UsePAM", NULL };
static const char *const added_keywords[] = { "AllowGroups", "AllowUsers", "DenyGroups",
	"DenyUsers", "HostKey", "ListenAddress", "Port", NULL };

/* Values whose meaning depends on the defaults of the guest's version when they begin with a sign.
 */
static const char *const algorithm_keywords[] = { "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms",
	"PubkeyAcceptedKeyTypes", NULL };

/* Splits "Keyword value" or "Keyword=value" in place; returns the value. */
static char *split_value(char *line)
{
	char *value = line + strcspn(line, " \t=");

	if (*value == '\0')
		return value;
	*value++ = '\0';
	return value + strspn(value, " \t=");
}

/* One pass over a configuration. */
struct reading {
	const char *path, *user;
	unsigned line;
	bool skipping;	      /* in a Match block for other users */
	char *values;	      /* "keyword value\n" for each line that counts */
	const char *seen[32]; /* entries of first_keywords that had a line */
	size_t seen_count;
	struct error *err;
};

static int refuse_config_line(struct reading *reading, const char *what, const char *text)
{
	return error_set_code(reading->err, EXIT_VERIFY, -EACCES,
		"line %u of %s has %s (\"%.100s\"), which the installer cannot evaluate because the guest's own sshd does not run here: write it without that.",
		reading->line, reading->path, what, text);
}

/* A block is skipped if its only criterion is a list of other users; every other one may apply. */
static int begin_match(struct reading *reading, char *criteria)
{
	const char *user = split_value(criteria);
	const struct sshd_origin nowhere = { .address = "", .host = "" };

	reading->skipping = true;
	if (strcasecmp(criteria, "User") != 0 || !*user || user[strcspn(user, "! \t\"")])
		return refuse_config_line(reading, "a Match block that could apply", criteria);
	while (*user) {
		size_t length = strcspn(user, ",");
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)length, user);
		if (length >= sizeof(word) || sshd_match_user(reading->user, &nowhere, word))
			return refuse_config_line(reading, "a Match block that could apply", user);
		user += length + (user[length] == ',');
	}
	return 0;
}

static void keep_value(struct reading *reading, const char *keyword, const char *value)
{
	char *longer;

	for (size_t i = 0; i < reading->seen_count; i++)
		if (strcasecmp(reading->seen[i], keyword) == 0)
			return;
	for (size_t i = 0; first_keywords[i]; i++)
		if (strcasecmp(first_keywords[i], keyword) == 0)
			reading->seen[reading->seen_count++] = first_keywords[i];
	if (asprintf(&longer, "%s%s %s\n", reading->values, keyword, value) < 0)
		abort();
	free(reading->values);
	reading->values = longer;
}

/* A line that is neither empty nor a comment. */
static int take_config_line(struct reading *reading, char *keyword)
{
	char *value = split_value(keyword);

	if (strcasecmp(keyword, "Match") == 0)
		return begin_match(reading, value);
	if (reading->skipping)
		return 0;
	if (strcasecmp(keyword, "Include") == 0)
		return refuse_config_line(reading, "an Include", value);
	if (value[strcspn(value, "#\"\\")])
		return refuse_config_line(reading, "a quote or a comment behind the value", value);
	if (*value == '\0')
		return refuse_config_line(reading, "a keyword without a value", keyword);
	if (text_is_one_of_any_case(keyword, plain_keywords) ||
		text_is_one_of_any_case(keyword, old_keywords))
		return 0;
	if (!text_is_one_of_any_case(keyword, first_keywords) &&
		!text_is_one_of_any_case(keyword, added_keywords))
		return refuse_config_line(reading, "an unknown keyword", keyword);
	if (text_is_one_of_any_case(keyword, algorithm_keywords) && strchr("+-^", *value))
		return refuse_config_line(reading, "a change to a list of algorithms", value);
	if (text_is_one_of_any_case(keyword, algorithm_keywords) && strchr(value, '!'))
		return refuse_config_line(reading, "a negated algorithm", value);
	keep_value(reading, keyword, value);
	return 0;
}

int sshd_config_read(
	const char *path, const char *text, const char *user, char **ret_values, struct error *err)
{
	struct reading reading = { .path = path, .user = user, .err = err };
	AUTO_FREE char *copy = text_duplicate(text);
	char *rest = copy, *line;
	int r = 0;

	reading.values = text_duplicate("");
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		size_t length = strlen(line);

		reading.line++;
		while (length && strchr(" \t\r\f", line[length - 1]))
			line[--length] = '\0';
		line += strspn(line, " \t");
		if (*line && *line != '#')
			r = take_config_line(&reading, line);
	}
	if (r == 0)
		*ret_values = reading.values;
	else
		free(reading.values);
	return r;
}

/* The value of the next HostKey line before the first Match block, cut in place; NULL for none. */
static char *next_host_key(char **rest)
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r#")] = '\0';
		char *value = split_value(line);

		if (strcasecmp(line, "Match") == 0)
			return NULL;
		if (strcasecmp(line, "HostKey") != 0)
			continue;
		value += *value == '"';
		value[strcspn(value, " \t\"")] = '\0';
		return value;
	}
	return NULL;
}

/* All HostKey lines count. */
unsigned sshd_host_keys(const char *text)
{
	AUTO_FREE char *copy = text_duplicate(text);
	unsigned wanted = 0;
	bool named = false;
	char *rest = copy, *value;

	while ((value = next_host_key(&rest))) {
		named = true;
		if (strcmp(value, "/etc/ssh/ssh_host_ed25519_key") == 0)
			wanted |= SSHD_ED25519;
		else if (strcmp(value, "/etc/ssh/ssh_host_rsa_key") == 0)
			wanted |= SSHD_RSA;
	}
	return named ? wanted : SSHD_ED25519;
}

int sshd_find_host_key(const char *text, const char *name, char *ret, size_t ret_bytes)
{
	static const char *const usual[] = { "ssh_host_rsa_key", "ssh_host_ecdsa_key",
		"ssh_host_ed25519_key" };
	AUTO_FREE char *copy = text_duplicate(text);
	char path[256], *rest = copy, *value;
	bool named = false;

	while ((value = next_host_key(&rest))) {
		named = true;
		if (value[0] == '/' && strcmp(strrchr(value, '/') + 1, name) == 0)
			return text_copy(ret, ret_bytes, value) < 0 ? -ENOENT : 0;
	}
	for (size_t i = 0; !named && i < sizeof(usual) / sizeof(usual[0]); i++) {
		snprintf(path, sizeof(path), "/etc/ssh/%s", name);
		if (strcmp(name, usual[i]) == 0)
			return text_copy(ret, ret_bytes, path) < 0 ? -ENOENT : 0;
	}
	return -ENOENT;
}
