/* SPDX-License-Identifier: MIT */
#include "image/image_login.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/login_check.h"
#include "guest/sshd_run.h"

#define KEYS_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define CURRENT_SYSTEM "/run/current-system"

/* -------------------------------------------------------- the keys in the image */

static int check_entry_of(const char *path, const struct ext4_entry *entry, mode_t mode, uid_t uid,
	gid_t gid, struct error *err)
{
	if (entry->mode == mode && entry->uid == uid && entry->gid == gid)
		return 0;
	return error_set(err, -EBADMSG,
		"%s of the image has mode %o and owner %u:%u instead of %o and %u:%u.", path,
		entry->mode, entry->uid, entry->gid, mode, uid, gid);
}

/* sshd_config(5), StrictModes: only the user and root may write to the home. */
static int check_home(
	struct image_view *view, const struct boot_account *account, struct error *err)
{
	struct ext4_entry entry;
	int r = ext4_reader_look(&view->reader, account->home, &entry, err);

	if (r < 0)
		return r;
	if (S_ISDIR(entry.mode) && entry.uid == account->uid && !(entry.mode & 022))
		return 0;
	return error_set(err, -EBADMSG,
		"The home %s of the image has mode %o and owner %u, so the guest's SSH server will not take the key (StrictModes).",
		account->home, entry.mode, entry.uid);
}

static int check_authorized_keys(struct image_view *view, const struct boot_account *account,
	const char *text, struct error *err)
{
	AUTO_FREE char *found = NULL;
	char path[FILE_PATH_BYTES];
	struct ext4_entry entry;
	int r;

	file_below(path, account->home, "/.ssh/authorized_keys");
	r = ext4_reader_look(&view->reader, path, &entry, err);
	if (r < 0)
		return r;
	r = check_entry_of(path, &entry, S_IFREG | 0600, account->uid, account->gid, err);
	if (r < 0)
		return r;
	r = ext4_reader_read(&view->reader, &entry, KEYS_MAX_BYTES, &found, NULL, err);
	if (r < 0)
		return r;
	if (strcmp(found, text) != 0)
		return error_set(err, -EBADMSG,
			"%s of the image does not hold the keys that were given.", path);
	return 0;
}

static int check_keys_in_image(struct image_view *view, const struct boot_account *account,
	const char *text, struct error *err)
{
	char path[FILE_PATH_BYTES];
	struct ext4_entry entry;
	int r = check_home(view, account, err);

	if (r < 0)
		return r;
	file_below(path, account->home, "/.ssh");
	r = ext4_reader_look(&view->reader, path, &entry, err);
	if (r < 0)
		return r;
	r = check_entry_of(path, &entry, S_IFDIR | 0700, account->uid, account->gid, err);
	if (r < 0)
		return r;
	return check_authorized_keys(view, account, text, err);
}

/* -------------------------------------------------------- /etc of the first boot */

static int write_accounts_file(const char *root, const char *name,
	void (*print)(const struct boot_accounts *accounts, char *ret),
	const struct boot_accounts *accounts, struct error *err)
{
	AUTO_FREE char *text = must_realloc(NULL, BOOT_ACCOUNTS_TEXT_BYTES, 1);
	char path[FILE_PATH_BYTES];

	print(accounts, text);
	file_below(path, root, "/etc/%s", name);
	return file_write(path, text, strlen(text), 0600, getuid(), getgid(), err);
}

static int make_etc(const struct image_request *request, struct image_view *view, struct error *err)
{
	const struct boot_accounts *accounts = &request->manifest->accounts;
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, view->root, "/etc");
	r = file_ensure_folder(path, 0700, err);
	if (r < 0)
		return r;
	r = write_accounts_file(view->root, "passwd", boot_accounts_passwd, accounts, err);
	if (r < 0)
		return r;
	r = write_accounts_file(view->root, "group", boot_accounts_group, accounts, err);
	if (r < 0)
		return r;
	return write_accounts_file(view->root, "shadow", boot_accounts_shadow, accounts, err);
}

struct etc_ssh {
	const char *root;
	const char *system_folder;
};

static int link_etc_ssh_file(const char *name, void *userdata, struct error *err)
{
	const struct etc_ssh *folder = userdata;
	char target[FILE_PATH_BYTES], path[FILE_PATH_BYTES];

	file_below(target, folder->system_folder, "/%s", name);
	file_below(path, folder->root, "/etc/ssh/%s", name);
	return file_make_link(target, path, err);
}

/* Given host keys whose types the server has to offer. The private part stays in the image: an
 * empty file stands for it. */
static int show_host_keys(
	const struct image_request *request, struct image_view *view, struct error *err)
{
	const struct given_host_keys *given = request->given_host_keys;
	char path[FILE_PATH_BYTES];

	for (size_t i = 0; i < given->count; i++) {
		const struct host_key_pair *pair = &given->pairs[i];
		int r;

		file_below(path, view->root, "/etc/ssh/%s", pair->name);
		r = file_write(path, "", 0, 0600, getuid(), getgid(), err);
		if (r < 0)
			return r;
		file_below(path, view->root, "/etc/ssh/%s.pub", pair->name);
		r = file_write(path, pair->public_text, strlen(pair->public_text), 0600, getuid(),
			getgid(), err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What activation links into /etc/ssh, and the given host keys beside it. */
static int make_etc_ssh(
	const struct image_request *request, struct image_view *view, struct error *err)
{
	char system[FILE_PATH_BYTES], path[FILE_PATH_BYTES];
	struct etc_ssh folder = { view->root, system };
	struct ext4_entry entry;
	int r;

	file_below(path, view->root, "/etc/ssh");
	if (mkdir(path, 0700) < 0)
		return error_errno_host(err, -errno, "create folder %s", path);
	file_below(system, request->plan->system, "/etc/ssh");
	r = image_view_show_folder(view, system, err);
	if (r < 0)
		return r;
	r = ext4_reader_follow(&view->reader, system, &entry, err);
	if (r < 0)
		return r;
	r = ext4_reader_list(&view->reader, &entry, link_etc_ssh_file, &folder, err);
	if (r < 0)
		return r;
	return show_host_keys(request, view, err);
}

static int show_units(
	const struct image_request *request, struct image_view *view, struct error *err)
{
	static const char *const units[] = { "multi-user.target.wants/sshd.service",
		"sockets.target.wants/sshd.socket", "sshd@.service" };
	char path[FILE_PATH_BYTES];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int r;

		file_below(path, request->plan->system, "/etc/systemd/system/%s", units[i]);
		r = image_view_show_optional(view, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The configuration that the server is started with may be a file of the store. */
static int show_named_config(
	const struct image_request *request, struct image_view *view, struct error *err)
{
	CLEANUP(sshd_run_free) struct sshd_program program = { .count = 0 };
	int r = sshd_run_find(view->root, request->plan->system, &program, err);

	for (size_t i = 1; r == 0 && i + 1 < program.count; i++)
		if (strcmp(program.arguments[i], "-f") == 0 &&
			text_starts_with(program.arguments[i + 1], STORE_DIR "/"))
			r = image_view_show_optional(view, program.arguments[i + 1], err);
	return r;
}

/* Shells lie below /run/current-system, which the boot makes. */
static int show_shell(const struct image_request *request, struct image_view *view,
	const struct boot_account *account, struct error *err)
{
	const char *shell = account->shell;
	char path[FILE_PATH_BYTES];
	int r;

	file_below(path, view->root, "/run");
	r = file_ensure_folder(path, 0700, err);
	if (r < 0)
		return r;
	file_below(path, view->root, CURRENT_SYSTEM);
	r = file_make_link(request->plan->system, path, err);
	if (r < 0)
		return r;
	if (text_starts_with(shell, CURRENT_SYSTEM "/"))
		file_below(path, request->plan->system, "%s", shell + strlen(CURRENT_SYSTEM));
	else
		file_below(path, "", "%s", shell);
	return image_view_show_optional(view, path, err);
}

static int show_login(const struct image_request *request, struct image_view *view,
	const struct boot_account *account, struct error *err)
{
	int r = make_etc(request, view, err);

	if (r < 0)
		return r;
	r = make_etc_ssh(request, view, err);
	if (r < 0)
		return r;
	r = show_units(request, view, err);
	if (r < 0)
		return r;
	r = show_named_config(request, view, err);
	if (r < 0)
		return r;
	return show_shell(request, view, account, err);
}

int image_login_verify(const struct image_request *request, struct image_view *view,
	unsigned *ret_port, struct error *err)
{
	const struct plan *plan = request->plan;
	const struct boot_account *account = boot_accounts_find(
		&request->manifest->accounts, plan->keys_user);
	const struct login_request login = {
		.root = view->root,
		.system = plan->system,
		.user = plan->keys_user,
		.keys_text = request->ssh_keys_text,
		.files_only = true,
	};
	int r = check_keys_in_image(view, account, request->ssh_keys_text, err);

	if (r < 0)
		return r;
	r = show_login(request, view, account, err);
	if (r < 0)
		return r;
	if (request->accounts_assumed)
		log_line(
			"ssh: the manifest lists no accounts, so %s counts as locked until the guest has made it",
			plan->keys_user);
	return login_check(&login, ret_port, err);
}
