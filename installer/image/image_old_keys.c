/* SPDX-License-Identifier: MIT */
#include "image/image_old_keys.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "ext4/ext4_remove.h"

#define PASSWD_MAX_BYTES ((size_t)1024 * 1024)
#define HOME_FIELD	 5 /* passwd(5), from 0 */
#define HOME_MAX_BYTES	 (FILE_PATH_BYTES - 64)
#define KEYS_FOLDER	 "/etc/ssh/authorized_keys.d"

/* What the steps below work on. */
struct old_keys {
	struct image_view *view;
	const char *system;
	struct ext4_files *files;
};

/* sshd reads no keys from other kinds of files. */
static int remove_old_file(struct old_keys *old, const char *path, struct error *err)
{
	struct ext4_entry entry;
	struct error none;

	if (ext4_reader_look(&old->view->reader, path, &entry, &none) < 0 ||
		!(S_ISREG(entry.mode) || S_ISLNK(entry.mode)))
		return 0;
	log_line("the copy is made without %s, the SSH keys of the image", path);
	return ext4_remove(old->files, path, err);
}

/* -------------------------------------------------------- homes */

static int remove_keys_of_home(struct old_keys *old, const char *home, struct error *err)
{
	static const char *const names[] = { "authorized_keys", "authorized_keys2" };
	char path[FILE_PATH_BYTES];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		file_below(path, home, "/.ssh/%s", names[i]);
		r = remove_old_file(old, path, err);
	}
	return r;
}

static int visit_home(const char *name, void *userdata, struct error *err)
{
	char home[FILE_PATH_BYTES];

	file_below(home, "/home", "/%s", name);
	return remove_keys_of_home(userdata, home, err);
}

/* The home in a line of passwd, which gets a NUL behind it; NULL without one that a process could
 * open. */
static char *find_home_field(char *line)
{
	for (int field = 0; line && field < HOME_FIELD; field++) {
		line = strchr(line, ':');
		line = line ? line + 1 : NULL;
	}
	if (!line || line[0] != '/')
		return NULL;
	line[strcspn(line, ":")] = '\0';
	return strlen(line) < HOME_MAX_BYTES ? line : NULL;
}

static int remove_keys_of_accounts(struct old_keys *old, struct error *err)
{
	AUTO_FREE char *text = NULL;
	char *rest, *line, *home;
	int r = file_read_inside(
		old->view->root, "/etc/passwd", PASSWD_MAX_BYTES, &text, NULL, err);

	if (r < 0)
		return file_is_missing(r) ? 0 : r;
	for (line = strtok_r(text, "\n", &rest); r == 0 && line;
		line = strtok_r(NULL, "\n", &rest)) {
		home = find_home_field(line);
		if (home)
			r = remove_keys_of_home(old, home, err);
	}
	return r;
}

/* -------------------------------------------------------- folders */

/* Activation has copied the file there from the system, and would do it again. */
static bool is_declared(const struct old_keys *old, const char *path)
{
	char own[FILE_PATH_BYTES];
	struct ext4_entry entry;
	struct error none;

	file_below(own, old->system, "%s", path);
	return ext4_reader_follow(&old->view->reader, own, &entry, &none) == 0;
}

static int visit_keys_file(const char *name, void *userdata, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, KEYS_FOLDER, "/%s", name);
	return is_declared(userdata, path) ? 0 : remove_old_file(userdata, path, err);
}

/* Calls visit for each name of a folder, which may be missing. */
static int list_folder(struct old_keys *old, const char *path,
	int (*visit)(const char *name, void *userdata, struct error *err), struct error *err)
{
	struct ext4_entry entry;
	struct error none;

	if (ext4_reader_follow(&old->view->reader, path, &entry, &none) < 0 || !S_ISDIR(entry.mode))
		return 0;
	return ext4_reader_list(&old->view->reader, &entry, visit, old, err);
}

int image_old_keys_remove(
	struct image_view *view, const char *system, struct ext4_files *files, struct error *err)
{
	struct old_keys old = { view, system, files };
	int r = remove_keys_of_home(&old, "/root", err);

	if (r < 0)
		return r;
	r = remove_keys_of_accounts(&old, err);
	if (r < 0)
		return r;
	r = list_folder(&old, "/home", visit_home, err);
	if (r < 0)
		return r;
	return list_folder(&old, KEYS_FOLDER, visit_keys_file, err);
}
