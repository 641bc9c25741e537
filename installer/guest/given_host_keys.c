/* SPDX-License-Identifier: MIT */
#include "guest/given_host_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/sshd_config.h"
#include "guest/target_file.h"

#define FOLDER	       "/etc/ssh"
#define ACCOUNTS       "/etc/passwd"
#define ROOT_ACCOUNT   "root:x:0:0::/root:/bin/sh\n"
#define TEXT_MAX_BYTES (256 * 1024)
#define PLACE_BYTES    GIVEN_HOST_KEY_PLACE_BYTES
#define SIGNED_FOR     "guest-installer"
#define SIGNED_FILE    "/run/guest-installer-signed"	 /* on the chroot's tmpfs */
#define SIGNATURE_FILE "/run/guest-installer-signed.sig" /* where ssh-keygen writes it */

/* ------------------------------------------------------------------- places */

/* Folders where a key cannot lie: it would be gone at boot, or readable for all. */
static bool can_hold_key(const char *path)
{
	return text_is_clean_path(path) && !text_starts_with(path, "/run/") &&
	       !text_starts_with(path, "/var/run/") && !text_starts_with(path, "/nix/store/");
}

/* Where the private key lies in the guest. used says whether its SSH server looks there; a guest
 * without a readable sshd_config has no server that could. */
void given_host_keys_find_place(const char *root, const char *system, const char *name,
	char ret[PLACE_BYTES], bool *ret_used)
{
	AUTO_FREE char *text = NULL;
	char config[512];
	struct error none;

	snprintf(config, sizeof(config), "%s/etc/ssh/sshd_config", system);
	*ret_used = file_read_inside(root, config, TEXT_MAX_BYTES, &text, NULL, &none) == 0 &&
		    sshd_find_host_key(text, name, ret, PLACE_BYTES) == 0 && can_hold_key(ret);
	if (!*ret_used)
		snprintf(ret, PLACE_BYTES, FOLDER "/%s", name);
}

bool given_host_keys_is_used(const char *root, const char *system, const struct host_key_pair *pair)
{
	char place[PLACE_BYTES];
	bool used;

	given_host_keys_find_place(root, system, pair->name, place, &used);
	return used;
}

/* ------------------------------------------------------------------- writing */

static int write_pair(
	const char *root, const char *place, const struct host_key_pair *pair, struct error *err)
{
	char public_place[PLACE_BYTES + 4];
	int r = target_file_write(
		root, place, pair->private_text, strlen(pair->private_text), 0600, 0, 0, err);

	if (r < 0)
		return r;
	snprintf(public_place, sizeof(public_place), "%s.pub", place);
	return target_file_write(
		root, public_place, pair->public_text, strlen(pair->public_text), 0644, 0, 0, err);
}

/* ssh-keygen does not run without an account for its user, and activation has still to make them.
 * Whether a file was made here, to be removed before activation. */
static bool make_accounts(const char *root)
{
	char path[FILE_PATH_BYTES];
	struct stat st;
	struct error none;

	file_below(path, root, ACCOUNTS);
	return lstat(path, &st) < 0 && errno == ENOENT &&
	       file_write(path, ROOT_ACCOUNT, strlen(ROOT_ACCOUNT), 0644, 0, 0, &none) == 0;
}

static int remove_accounts(const char *root, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, root, ACCOUNTS);
	return unlink(path) < 0 ? error_errno(err, -errno, "remove %s", path) : 0;
}

/* Compares what ssh-keygen -y prints, "TYPE BLOB COMMENT", with the public key. */
static bool is_public_key_of(const struct host_key_pair *pair, const char *printed)
{
	return strncmp(printed, pair->public_text, pair->public_bytes) == 0 &&
	       strchr(" \n", printed[pair->public_bytes]);
}

/* Signs nothing, so that the message is standard input, and verifies that with the public key. It
 * is the only way to see that the private numbers belong to the public ones: -y copies these.
 * OpenSSH before 8.2 cannot do it. */
static int ask_for_signature(const struct chroot_session *session, const char *keygen,
	const char *place, struct error *err)
{
	const char *const sign[] = { keygen, "-q", "-Y", "sign", "-n", SIGNED_FOR, "-f", place,
		SIGNED_FILE, NULL };
	const char *const check[] = { keygen, "-Y", "check-novalidate", "-n", SIGNED_FOR, "-s",
		SIGNATURE_FILE, NULL };
	AUTO_FREE char *signature = NULL, *answer = NULL;
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, session->root, SIGNATURE_FILE);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, -errno, "remove %s", path);
	file_below(path, session->root, SIGNED_FILE);
	r = file_write(path, "", 0, 0600, 0, 0, err);
	if (r < 0)
		return r;
	r = chroot_capture(session, sign, &signature, err);
	if (r < 0 && strstr(err->text, "option -- ")) {
		log_line("host keys: %s is not asked for a signature: %s", place, err->text);
		return 0;
	}
	if (r < 0)
		return r;
	return chroot_capture(session, check, &answer, err);
}

static int ask_keygen(const struct chroot_session *session, const char *keygen, const char *place,
	const struct host_key_pair *pair, struct error *err)
{
	const char *const argv[] = { keygen, "-y", "-f", place, NULL };
	AUTO_FREE char *printed = NULL;
	struct error why;
	int r = chroot_capture(session, argv, &printed, &why);

	if (r == -ENOEXEC) {
		log_line("host keys: %s is not checked: %s", pair->name, why.text);
		return 0;
	}
	if (r == 0 && !is_public_key_of(pair, printed))
		r = error_set(&why, -EINVAL, "it prints another public key");
	if (r == 0)
		r = ask_for_signature(session, keygen, place, &why);
	if (r < 0)
		return error_set_code(err, EXIT_NO_KEY, -EINVAL,
			"The guest's ssh-keygen does not take the host key %s (%s): make it again with ssh-keygen.",
			pair->name, why.text);
	return 0;
}

static int write_all_pairs(const struct chroot_session *session, const char *system,
	bool can_write_etc, const struct given_host_keys *given, struct error *err)
{
	char keygen[PLACE_BYTES], path[FILE_PATH_BYTES], place[PLACE_BYTES];
	struct error none;
	bool used, askable;

	snprintf(keygen, sizeof(keygen), "%s/sw/bin/ssh-keygen", system);
	askable = file_resolve(session->root, keygen, path, &none) == 0;
	for (size_t i = 0; i < given->count; i++) {
		int r;

		given_host_keys_find_place(
			session->root, system, given->pairs[i].name, place, &used);
		if (!used)
			log_line(
				"warning: the guest has no SSH server that uses the given host key %s: add it to services.openssh.hostKeys",
				place);
		if (!can_write_etc && text_starts_with(place, "/etc/"))
			return error_set_code(err, EXIT_CONFIGURATION, -EROFS,
				"The host key %s would go to %s, and the guest's /etc is read-only: let services.openssh.hostKeys of the guest name a path outside /etc, or leave the key out.",
				given->pairs[i].name, place);
		r = write_pair(session->root, place, &given->pairs[i], err);
		if (r < 0)
			return r;
		if (!askable)
			continue;
		r = ask_keygen(session, keygen, place, &given->pairs[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int given_host_keys_write(const struct chroot_session *session, const char *system,
	bool can_write_etc, const struct given_host_keys *given, struct error *err)
{
	struct error second;
	bool made;
	int r;

	if (given->count == 0)
		return 0;
	made = make_accounts(session->root);
	r = write_all_pairs(session, system, can_write_etc, given, err);
	if (made && remove_accounts(session->root, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}

/* ------------------------------------------------------------------- reading back */

static int check_key_file(
	const char *root, const char *place, const char *text, mode_t mode, struct error *err)
{
	AUTO_FREE char *found = NULL;
	char path[FILE_PATH_BYTES];
	struct stat st;
	int r = file_resolve(root, place, path, err);

	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return error_errno(err, -errno, "read back %s", path);
	if (st.st_mode != (S_IFREG | mode) || st.st_uid != 0 || st.st_gid != 0)
		return error_set(err, -EBADMSG,
			"The guest's file %s has mode %o and owner %u:%u instead of %o and 0:0.",
			place, st.st_mode, st.st_uid, st.st_gid, S_IFREG | mode);
	r = file_read(path, TEXT_MAX_BYTES, &found, NULL, err);
	if (r < 0)
		return r;
	if (strcmp(found, text) != 0)
		return error_set(err, -EBADMSG,
			"The guest's file %s is not the host key that was given.", place);
	return 0;
}

static int check_pair(
	const char *root, const char *place, const struct host_key_pair *pair, struct error *err)
{
	char public_place[PLACE_BYTES + 4];
	int r = check_key_file(root, place, pair->private_text, 0600, err);

	if (r < 0)
		return r;
	snprintf(public_place, sizeof(public_place), "%s.pub", place);
	return check_key_file(root, public_place, pair->public_text, 0644, err);
}

/* A link is the guest's own file, to be found in its store or its secrets. */
static int refuse_link(const char *root, const char *place, struct error *err)
{
	char folder[PLACE_BYTES], found[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	const char *name = file_base_name(place);
	struct stat st;
	int r;

	snprintf(folder, sizeof(folder), "%.*s", (int)(name - place), place);
	r = file_resolve(root, folder, found, err);
	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	file_below(path, found, "/%s", name);
	if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EEXIST,
		"The guest's configuration makes a link of %s, so it would not use the host key that is given: leave the key out here, or the file out of the configuration.",
		place);
}

int given_host_keys_restore(const char *root, const char *system,
	const struct given_host_keys *given, struct error *err)
{
	char place[PLACE_BYTES];
	struct error changed;
	bool used;

	for (size_t i = 0; i < given->count; i++) {
		int r;

		given_host_keys_find_place(root, system, given->pairs[i].name, place, &used);
		r = refuse_link(root, place, err);
		if (r < 0)
			return r;
		if (check_pair(root, place, &given->pairs[i], &changed) == 0)
			continue;
		log_line("host keys: written again after activation: %s", changed.text);
		r = write_pair(root, place, &given->pairs[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int given_host_keys_verify(const char *root, const char *system,
	const struct given_host_keys *given, struct error *err)
{
	char place[PLACE_BYTES];
	bool used;

	for (size_t i = 0; i < given->count; i++) {
		int r;

		given_host_keys_find_place(root, system, given->pairs[i].name, place, &used);
		r = check_pair(root, place, &given->pairs[i], err);
		if (r < 0) {
			err->code = EXIT_VERIFY;
			return r;
		}
	}
	return 0;
}
