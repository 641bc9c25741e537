/* SPDX-License-Identifier: MIT */
#include "guest/host_keys.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/log.h"
#include "guest/given_host_keys.h"
#include "guest/sshd_config.h"
#include "input/ssh_key_line.h"

#define FOLDER	       "/etc/ssh"
#define TEXT_MAX_BYTES (256 * 1024)

static const struct kind {
	enum sshd_host_key flag;
	const char *type, *bits; /* as ssh-keygen takes them */
	const char *name;
} kinds[HOST_KEYS_MADE_MAX] = {
	{ SSHD_ED25519, "ed25519", NULL, "ssh_host_ed25519_key" },
	{ SSHD_RSA, "rsa", "4096", "ssh_host_rsa_key" },
};

static int read_sshd_config(const char *root, const char *system, char **ret, struct error *err)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/etc/ssh/sshd_config", system);
	return file_read_inside(root, path, TEXT_MAX_BYTES, ret, NULL, err);
}

/* Which keys the guest's SSH server wants, as flags of enum sshd_host_key, and the path of the
 * program that makes them. */
static int find_wanted(const char *root, const char *system, unsigned *ret, char ret_keygen[512],
	struct error *err)
{
	AUTO_FREE char *text = NULL;
	char path[FILE_PATH_BYTES];
	int r = read_sshd_config(root, system, &text, err);

	if (r < 0)
		return r;
	snprintf(ret_keygen, 512, "%s/sw/bin/ssh-keygen", system);
	r = file_resolve(root, ret_keygen, path, err);
	if (r < 0)
		return r;
	*ret = sshd_host_keys(text);
	if (*ret == 0)
		return error_set(err, -ENOENT,
			"its sshd_config names other keys than " FOLDER "/ssh_host_ed25519_key and "
			"ssh_host_rsa_key");
	return 0;
}

/* The same for what configuration says: none are wanted where none can be made, unless they were
 * asked for. A configuration that cannot be read is an error in any case. */
static int choose_kinds(const char *root, const char *system, enum host_key_mode wish,
	unsigned *ret, char ret_keygen[512], struct error *err)
{
	int r;

	*ret = 0;
	if (wish == HOST_KEYS_NONE)
		return 0;
	r = find_wanted(root, system, ret, ret_keygen, err);
	if (r == 0)
		return 0;
	if (!file_is_missing(r))
		return r;
	if (wish != HOST_KEYS_GENERATE) {
		log_line("host keys: none are made: %s", err->text);
		return 0;
	}
	error_wrap(err, "host-keys = generate, but the guest cannot make SSH host keys");
	return r;
}

/* What is there, a half-written key of an earlier run perhaps, goes. 1 if the path is a link. */
static int remove_old(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, -errno, "look at %s", path);
	if (S_ISLNK(st.st_mode))
		return 1;
	if (unlink(path) < 0)
		return error_errno(err, -errno, "remove %s", path);
	return 0;
}

static int make_one(const struct chroot_session *session, const char *keygen, const char *folder,
	const struct kind *kind, struct error *err)
{
	char inner[64], path[FILE_PATH_BYTES];
	const char *const argv[] = { keygen, "-q", "-t", kind->type, "-N", "", "-C", "", "-f",
		inner, kind->bits ? "-b" : NULL, kind->bits, NULL };
	int r;

	snprintf(inner, sizeof(inner), FOLDER "/%s", kind->name);
	file_below(path, folder, "/%s", kind->name);
	r = remove_old(path, err);
	if (r < 0)
		return r;
	if (r > 0) {
		log_line("host keys: %s is a link of the system and left alone", inner);
		return 0;
	}
	file_below(path, folder, "/%s.pub", kind->name);
	r = remove_old(path, err);
	if (r < 0)
		return r;
	return chroot_run(session, argv, false, err);
}

int host_keys_make(const struct chroot_session *session, const char *system,
	enum host_key_mode wish, const struct given_host_keys *given, struct error *err)
{
	char keygen[512], folder[FILE_PATH_BYTES];
	unsigned wanted;
	int r = choose_kinds(session->root, system, wish, &wanted, keygen, err);

	if (r < 0 || wanted == 0)
		return r;
	r = file_resolve(session->root, FOLDER, folder, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < HOST_KEYS_MADE_MAX && r == 0; i++)
		if ((wanted & kinds[i].flag) && !host_key_file_find(given, kinds[i].name))
			r = make_one(session, keygen, folder, &kinds[i], err);
	if (r < 0)
		error_wrap(err, "making the SSH host keys");
	return r;
}

/* ------------------------------------------------------------------- reading back */

static int check_mode(const char *path, mode_t mode, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return error_errno(err, -errno, "read back %s", path);
	if (st.st_mode != mode || st.st_uid != 0 || st.st_gid != 0)
		return error_set(err, -EBADMSG,
			"%s has mode %o and owner %u:%u instead of %o and 0:0.", path, st.st_mode,
			st.st_uid, st.st_gid, mode);
	return 0;
}

/* ssh-keygen(1), -l: SHA-256 over the blob, in base64 without padding. */
static int describe(const char *type, const char *blob, struct host_key *ret)
{
	size_t length = strlen(blob), size = base64_decoded_bytes(blob, length);
	AUTO_FREE uint8_t *bytes = must_realloc(NULL, size, 1);
	char base64[BASE64_CHARS(SHA256_BYTES) + 1];
	uint8_t sum[SHA256_BYTES];

	if (strlen(type) + 1 + length >= sizeof(ret->public_key) ||
		base64_decode(blob, length, bytes, size) < 0)
		return -EBADMSG;
	digest_sha256(bytes, size, sum);
	base64_encode(sum, sizeof(sum), base64);
	base64[strcspn(base64, "=")] = '\0';
	snprintf(ret->public_key, sizeof(ret->public_key), "%s %s", type, blob);
	snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%.40s SHA256:%s", type, base64);
	return 0;
}

static int read_public(const char *path, struct host_key *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	struct ssh_key_line line;
	struct error why;
	int r = check_mode(path, S_IFREG | 0644, err);

	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (ssh_key_line_parse(text, &line, &why) < 0 || describe(line.type, line.blob, ret) < 0)
		return error_set(err, -EBADMSG, "%s is not a public key.", path);
	return 0;
}

static int verify_one(
	const char *folder, const struct kind *kind, struct host_keys *ret, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct stat st;
	int r;

	file_below(path, folder, "/%s", kind->name);
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		return 0;
	r = check_mode(path, S_IFREG | 0600, err);
	if (r < 0)
		return r;
	file_below(path, folder, "/%s.pub", kind->name);
	r = read_public(path, &ret->keys[ret->count], err);
	if (r < 0)
		return r;
	ret->count++;
	return 0;
}

/* A key that is too long for a line of known_hosts is not reported, and neither is one that no
 * server offers. */
void host_keys_describe_given(const char *root, const char *system,
	const struct given_host_keys *given, struct host_keys *ret)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct host_key_pair *pair = &given->pairs[i];

		if (!given_host_keys_is_used(root, system, pair))
			continue;
		AUTO_FREE char *line = strndup(pair->public_text, pair->public_bytes);
		char *blob = line ? strchr(line, ' ') : NULL;

		if (!blob)
			abort();
		*blob++ = '\0';
		if (describe(line, blob, &ret->keys[ret->count]) == 0)
			ret->count++;
		else
			log_line("host keys: %s is too long to be reported", pair->name);
	}
}

static int verify_given(const char *root, const char *system, const struct given_host_keys *given,
	struct host_keys *ret, struct error *err)
{
	int r = given_host_keys_verify(root, system, given, err);

	if (r < 0)
		return r;
	host_keys_describe_given(root, system, given, ret);
	return 0;
}

int host_keys_verify(const char *root, const char *system, enum host_key_mode wish,
	const struct given_host_keys *given, struct host_keys *ret, struct error *err)
{
	char keygen[512], folder[FILE_PATH_BYTES];
	unsigned wanted;
	int r;

	ret->count = 0;
	r = given ? verify_given(root, system, given, ret, err) : 0;
	if (r < 0)
		return r;
	r = choose_kinds(root, system, wish, &wanted, keygen, err);
	if (r < 0 || wanted == 0)
		return r;
	r = file_resolve(root, FOLDER, folder, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < HOST_KEYS_MADE_MAX && r == 0; i++)
		if ((wanted & kinds[i].flag) && !host_key_file_find(given, kinds[i].name))
			r = verify_one(folder, &kinds[i], ret, err);
	return r;
}
