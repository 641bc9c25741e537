/* SPDX-License-Identifier: MIT */
#include "guest/nixos.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/etc_view.h"
#include "guest/target_file.h"

#define NIXBLD_GID	  30000
#define RANDOM_SEED_BYTES 512
#define PASSWD_MAX_BYTES  (1024 * 1024)
#define LOG_FOLDER	  "/var/log"
#define LOG_NAME	  "guest-installer.log"
#define PROFILE		  "/nix/var/nix/profiles/system"

const struct nixos_folder nixos_folders[] = {
	{ "", 0755, 0 },
	{ "/nix", 0755, 0 },
	{ "/nix/store", 01775, NIXBLD_GID },
	{ "/nix/var", 0755, 0 },
	{ "/nix/var/nix", 0755, 0 },
	{ "/nix/var/nix/db", 0755, 0 },
	{ "/nix/var/nix/profiles", 0755, 0 },
	{ "/nix/var/nix/profiles/per-user", 0755, 0 },
	{ "/nix/var/nix/profiles/per-user/root", 0755, 0 },
	{ "/nix/var/nix/gcroots", 0755, 0 },
	{ "/nix/var/nix/gcroots/per-user", 0755, 0 },
	{ "/nix/var/nix/gcroots/per-user/root", 0755, 0 },
	{ "/nix/var/nix/temproots", 0755, 0 },
	{ "/dev", 0755, 0 },
	{ "/etc", 0755, 0 },
	{ "/proc", 0755, 0 },
	{ "/root", 0700, 0 },
	{ "/run", 0755, 0 },
	{ "/sys", 0755, 0 },
	{ "/tmp", 01777, 0 },
	{ "/var", 0755, 0 },
	{ "/var/empty", 0555, 0 },
	{ "/var/lib", 0755, 0 },
	{ "/var/lib/systemd", 0755, 0 },
	{ "/var/log", 0755, 0 },
	{ NULL, 0, 0 },
};

int nixos_make_tree(const char *root, struct error *err)
{
	for (const struct nixos_folder *folder = nixos_folders; folder->path; folder++) {
		char path[FILE_PATH_BYTES];
		int r;

		file_below(path, root, "%s", folder->path);
		r = file_make_folder(path, folder->mode, 0, folder->gid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Credited by systemd-random-seed at the first boot, when a guest has gathered little itself. */
static int write_random_seed(const char *root, struct error *err)
{
	char path[FILE_PATH_BYTES];
	char seed[RANDOM_SEED_BYTES];
	size_t done_bytes = 0;

	while (done_bytes < sizeof(seed)) {
		ssize_t n = getrandom(seed + done_bytes, sizeof(seed) - done_bytes, 0);

		if (n < 0 && errno != EINTR)
			return error_errno(err, -errno, "get random bytes");
		done_bytes += n < 0 ? 0 : (size_t)n;
	}
	file_below(path, root, "/var/lib/systemd/random-seed");
	return file_write(path, seed, sizeof(seed), 0600, 0, 0, err);
}

int nixos_link_profile(const char *root, const char *system, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, root, PROFILE "-1-link");
	r = file_make_link(system, path, err);
	if (r < 0)
		return r;
	file_below(path, root, PROFILE);
	return file_make_link("system-1-link", path, err);
}

int nixos_prepare(const char *root, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, root, "/etc/mtab");
	r = file_make_link("/proc/mounts", path, err);
	if (r < 0)
		return r;
	file_below(path, root, "/etc/NIXOS");
	r = file_write(path, "", 0, 0644, 0, 0, err);
	if (r < 0)
		return r;
	return write_random_seed(root, err);
}

/* Runs one of the guest's programs whose failure nixos-install tolerates too. A program that cannot
 * be started is an error: it has done nothing. */
static int run_tolerated(
	const struct chroot_session *session, const char *const *argv, struct error *err)
{
	int r = chroot_run(session, argv, false, err);

	if (r != -EIO)
		return r;
	log_line("activation: %s (tolerated)", err->text);
	return 0;
}

int nixos_activate(const struct chroot_session *session, const char *system, struct error *err)
{
	char activate[300], tmpfiles[300], resolved[FILE_PATH_BYTES];
	int r;

	snprintf(activate, sizeof(activate), "%s/activate", system);
	r = file_resolve(session->root, activate, resolved, err);
	if (r < 0 && !file_is_missing(r))
		return r;
	if (r < 0)
		return error_set(err, -ENOENT,
			"The system %s has no activation script: if it is a NixOS system without one (system.activatable = false), its manifest has to say so (\"activation\": false).",
			system);
	r = run_tolerated(session, (const char *const[]){ activate, NULL }, err);
	if (r < 0)
		return r;
	snprintf(tmpfiles, sizeof(tmpfiles), "%s/sw/bin/systemd-tmpfiles", system);
	r = file_resolve(session->root, tmpfiles, resolved, err);
	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	return run_tolerated(session,
		(const char *const[]){ tmpfiles, "--create", "--remove", "-E", NULL }, err);
}

int nixos_install_boot_loader(
	const struct chroot_session *session, const struct manifest *manifest, struct error *err)
{
	const char *const by_switch[] = { PROFILE "/bin/switch-to-configuration", "boot", NULL };
	const char *const by_itself[] = { manifest->boot_installer, manifest->system, NULL };
	char path[FILE_PATH_BYTES];
	struct error none;

	if (manifest->boot_installer[0])
		return chroot_run(session, by_itself, true, err);
	if (strcmp(manifest->boot_loader, "none") == 0 &&
		file_resolve(session->root, by_switch[0], path, &none) < 0) {
		log_line("boot loader: the guest has none, and no program that would install one");
		return 0;
	}
	return chroot_run(session, by_switch, true, err);
}

static int remove_file(const char *root, const char *name, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct stat st;

	file_below(path, root, "%s", name);
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (unlink(path) < 0)
		return error_errno(err, -errno, "remove %s", path);
	return 0;
}

/* It may lie in the writable layer of an /etc that is mounted at boot. */
int nixos_forget_machine_id(const char *root, struct error *err)
{
	int r = remove_file(root, "/etc/machine-id", err);

	if (r < 0)
		return r;
	return remove_file(root, ETC_VIEW_UPPER "/machine-id", err);
}

/* Activation may have made a link of the folder, which is the guest's to follow and not ours. One
 * that leads to what only the running guest has is no fault of it. */
int nixos_save_log(const char *root, struct error *err)
{
	char folder[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	int r = file_resolve(root, LOG_FOLDER, folder, err);

	if (r < 0) {
		log_line("warning: the log is not kept in the guest: %s", err->text);
		return 0;
	}
	file_below(path, folder, "/%s", LOG_NAME);
	return log_save(path, err);
}

/* Cuts a line into its fields in place; returns how many there are, of the first max. */
static size_t split_passwd_fields(char *line, char *fields[], size_t max)
{
	size_t count = 0;
	char *field;

	while (count < max && (field = strsep(&line, ":")))
		fields[count++] = field;
	return count;
}

/* A field of passwd(5) or group(5) that is a user's or group's number. */
static int parse_id_field(const char *field, unsigned *ret)
{
	unsigned id = 0;

	if (text_take_id(&field, &id) < 0 || *field)
		return -EINVAL;
	*ret = id;
	return 0;
}

/* name:password:uid:gid:gecos:home:shell (passwd(5)). -ENOENT for another user, -EINVAL for one
 * without numbers. */
static int parse_passwd_line(char *line, const char *name, struct nixos_user *ret)
{
	char *fields[7];
	size_t count = split_passwd_fields(line, fields, 7);
	unsigned uid, gid;

	if (count < 6 || strcmp(fields[0], name) != 0)
		return -ENOENT;
	if (parse_id_field(fields[2], &uid) < 0 || parse_id_field(fields[3], &gid) < 0)
		return -EINVAL;
	ret->uid = uid;
	ret->gid = gid;
	snprintf(ret->home, sizeof(ret->home), "%s", fields[5]);
	snprintf(ret->shell, sizeof(ret->shell), "%s", count == 7 ? fields[6] : "");
	return 0;
}

int nixos_find_user(const char *root, const char *name, struct nixos_user *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	char path[FILE_PATH_BYTES];
	char *rest, *line;
	int r = file_resolve(root, "/etc/passwd", path, err);

	if (r < 0)
		return error_wrap(err, "The guest's activation has left no users"), r;
	r = file_read(path, PASSWD_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return r;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		r = parse_passwd_line(line, name, ret);
		if (r == 0)
			return 0;
		if (r == -EINVAL)
			return error_set_code(err, EXIT_NO_KEY, r,
				"The guest's /etc/passwd has no uid and gid from 0 to 4294967294 for the user %s: correct them in the guest, or set keys-user to another user.",
				name);
	}
	return error_set_code(err, EXIT_NO_KEY, -ENOENT,
		"The guest has no user %s to give the keys to: set keys-user to one of its users.",
		name);
}

static bool is_group_member(char *members, const char *name)
{
	char *member;

	while ((member = strsep(&members, ",")))
		if (strcmp(member, name) == 0)
			return true;
	return false;
}

/* name:password:gid:members (group(5)). Whether the user is in it; the line is cut after the name.
 */
static bool is_group_of(char *line, const char *name, const struct nixos_user *user)
{
	char *fields[4];
	unsigned gid;

	if (split_passwd_fields(line, fields, 4) < 4)
		return false;
	return (parse_id_field(fields[2], &gid) == 0 && gid == user->gid) ||
	       is_group_member(fields[3], name);
}

int nixos_find_groups(const char *root, const char *name, const struct nixos_user *user, char *ret,
	size_t ret_bytes, struct error *err)
{
	AUTO_FREE char *text = NULL;
	char *rest, *line;
	int r = file_read_inside(root, "/etc/group", PASSWD_MAX_BYTES, &text, NULL, err);

	ret[0] = '\0';
	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (is_group_of(line, name, user))
			text_append(ret, ret_bytes, "%s%s", ret[0] ? " " : "", line);
	return 0;
}

/* The account that the guest will create at boot, and its home now. */
static int prepare_boot_account(const char *root, const struct boot_account *account,
	struct nixos_user *ret, struct error *err)
{
	char home[FILE_PATH_BYTES];
	struct error none;
	int r;

	ret->uid = account->uid;
	ret->gid = account->gid;
	snprintf(ret->home, sizeof(ret->home), "%s", account->home);
	if (file_resolve(root, account->home, home, &none) == 0)
		return 0;
	r = target_file_make_folder(root, account->home, home, err);
	if (r < 0)
		return r;
	return file_make_folder(home, 0700, account->uid, account->gid, err);
}

/* The user who gets the keys: an account of /etc/passwd, or one that the guest creates at boot. */
static int find_owner(const char *root, const char *user, const struct boot_accounts *accounts,
	struct nixos_user *ret, struct error *err)
{
	const struct boot_account *account = boot_accounts_find(accounts, user);
	struct error none;

	if (!account || nixos_find_user(root, user, ret, &none) == 0)
		return nixos_find_user(root, user, ret, err);
	return prepare_boot_account(root, account, ret, err);
}

int nixos_write_keys(const char *root, const char *user, const struct boot_accounts *accounts,
	const char *text, struct error *err)
{
	char home[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	struct nixos_user owner;
	int r = find_owner(root, user, accounts, &owner, err);

	if (r < 0)
		return r;
	r = file_resolve(root, owner.home, home, err);
	if (r < 0)
		return r;
	file_below(path, home, "/.ssh");
	r = file_make_folder(path, 0700, owner.uid, owner.gid, err);
	if (r < 0)
		return r;
	file_below(path, home, "/.ssh/authorized_keys");
	return file_write(path, text, strlen(text), 0600, owner.uid, owner.gid, err);
}
