/* SPDX-License-Identifier: MIT */
#include "guest/sshd_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "guest/boot_files.h"

#define UNIT_MAX_BYTES	   (64 * 1024)
#define UNITS		   "etc/systemd/system/"
#define DEFAULT_CONFIG	   "/etc/ssh/sshd_config"
#define TEMPORARY_HOST_KEY "/run/guest-installer-host-key"
#define KEYGEN_BYTES	   512
#define ASKED_KEY	   "/run/guest-installer-key.pub"
#define LISTEN_BYTES	   1024

static int read_unit(
	const char *root, const char *system, const char *name, char **ret, struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r = boot_files_find(root, system, name, path, err);

	if (r < 0)
		return r;
	return file_read(path, UNIT_MAX_BYTES, ret, NULL, err);
}

/* Options of sshd that shape its settings, and whether a word follows the letter. */
static bool is_kept_option(const char *word)
{
	return word[1] && strchr("fpoh46", word[1]);
}

static bool has_argument(const char *word)
{
	return word[1] && strchr("fpohEbCcgku", word[1]) && word[2] == '\0';
}

/* Cuts a command line of a unit up in place: prefixes of the program and unknown variables are
 * dropped, of the options only those are kept that shape the settings. */
static void parse_exec_start(char *command, struct sshd_program *ret)
{
	char *save = NULL;
	char *word = strtok_r(command, " \t", &save);

	if (!word)
		return;
	ret->arguments[ret->count++] = word + strspn(word, "@-:+!");
	while ((word = strtok_r(NULL, " \t", &save)) && ret->count < SSHD_ARGUMENTS_MAX - 8) {
		bool kept = word[0] == '-' && is_kept_option(word);
		bool more = word[0] == '-' && has_argument(word);

		if (kept)
			ret->arguments[ret->count++] = word;
		if (more && (word = strtok_r(NULL, " \t", &save)) && kept)
			ret->arguments[ret->count++] = word;
	}
}

/* The value of the last line "KEY=value" of a unit, inside text; NULL if there is none. */
static char *find_unit_value(char *text, const char *key)
{
	size_t length = strlen(key);
	char *found = NULL, *line;

	while ((line = strsep(&text, "\n")))
		if (strncmp(line, key, length) == 0 && line[length] == '=')
			found = line + length + 1;
	return found;
}

static int find_program(const char *root, const char *system, const char *unit,
	struct sshd_program *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	const char *command;
	int r = read_unit(root, system, unit, &text, err);

	if (r < 0 && !file_is_missing(r))
		return r;
	command = r == 0 ? find_unit_value(text, "ExecStart") : NULL;
	if (command) {
		ret->command = strdup(command);
		if (!ret->command)
			abort();
		parse_exec_start(ret->command, ret);
	}
	if (ret->count && ret->arguments[0][0] == '/')
		return 0;
	return error_set(err, -ENOENT,
		"The guest's unit of sshd has no ExecStart with the path of a program.");
}

/* The sockets of systemd.socket(5), as sshd -T would print them. A bare port listens everywhere. */
static void read_listen(char *text, struct sshd_program *ret)
{
	char *line;

	ret->listen = must_realloc(NULL, LISTEN_BYTES, 1);
	ret->listen[0] = '\0';
	while ((line = strsep(&text, "\n"))) {
		const char *port = strrchr(line, ':');
		char *value;

		if (!text_starts_with(line, "ListenStream="))
			continue;
		value = text_trim(line + strlen("ListenStream="));
		if (*value == '\0')
			ret->listen[0] = '\0';
		else if (value[strspn(value, "0123456789")] == '\0')
			text_append(ret->listen, LISTEN_BYTES,
				"port %s\nlistenaddress 0.0.0.0:%s\n", value, value);
		else if (port)
			text_append(ret->listen, LISTEN_BYTES, "port %s\nlistenaddress %s\n",
				port + 1, value);
	}
}

/* The path that the server is given, or its default. */
static const char *config_argument(const struct sshd_program *program)
{
	const char *path = DEFAULT_CONFIG;

	for (size_t i = 1; i + 1 < program->count; i++)
		if (strcmp(program->arguments[i], "-f") == 0)
			path = program->arguments[i + 1];
	return path;
}

/* A guest whose /etc is only mounted at boot has its configuration in the system. */
static void add_config_argument(const char *root, const char *system, struct sshd_program *program)
{
	const char *path = config_argument(program);
	char resolved[FILE_PATH_BYTES];
	struct error none;

	if (file_resolve(root, path, resolved, &none) == 0)
		return;
	snprintf(program->config_path, sizeof(program->config_path), "%s%s", system, path);
	program->arguments[program->count++] = (char *)"-f";
	program->arguments[program->count++] = program->config_path;
}

/* The program of the unit that the guest starts. */
static int find_started(
	const char *root, const char *system, struct sshd_program *ret, struct error *err)
{
	static const char service[] = UNITS "multi-user.target.wants/sshd.service";
	static const char socket[] = UNITS "sockets.target.wants/sshd.socket";
	AUTO_FREE char *text = NULL;
	int r = read_unit(root, system, service, &text, err);

	if (r == 0)
		return find_program(root, system, service, ret, err);
	if (!file_is_missing(r))
		return r;
	r = read_unit(root, system, socket, &text, err);
	if (r == 0) {
		read_listen(text, ret);
		return find_program(root, system, UNITS "sshd@.service", ret, err);
	}
	if (!file_is_missing(r))
		return r;
	return error_set(err, -ENOENT,
		"The guest starts no SSH server: neither sshd.service nor sshd.socket is wanted by its systemd targets.");
}

int sshd_run_find(const char *root, const char *system, struct sshd_program *ret, struct error *err)
{
	int r;

	*ret = (struct sshd_program){ .count = 0 };
	r = find_started(root, system, ret, err);
	if (r < 0)
		return r;
	add_config_argument(root, system, ret);
	return 0;
}

void sshd_run_free(struct sshd_program *program)
{
	free(program->command);
	free(program->listen);
	*program = (struct sshd_program){ .count = 0 };
}

int sshd_run_config_path(const char *root, const struct sshd_program *program,
	char ret[FILE_PATH_BYTES], struct error *err)
{
	return file_resolve(root, config_argument(program), ret, err);
}

/* Runs the program with these options before its own. */
static int run_sshd(const struct chroot_session *session, const struct sshd_program *program,
	const char *const *options, char **ret_output, struct error *err)
{
	const char *argv[SSHD_ARGUMENTS_MAX + 8];
	size_t count = 0;

	argv[count++] = program->arguments[0];
	for (; *options; options++)
		argv[count++] = *options;
	if (program->temporary_host_key) {
		argv[count++] = "-h";
		argv[count++] = TEMPORARY_HOST_KEY;
	}
	for (size_t i = 1; i < program->count; i++)
		argv[count++] = program->arguments[i];
	argv[count] = NULL;
	return chroot_capture(session, argv, ret_output, err);
}

/* The ssh-keygen beside the server, or the system's. */
static void find_keygen(const struct chroot_session *session, const char *system, const char *sshd,
	char ret[KEYGEN_BYTES])
{
	char path[FILE_PATH_BYTES];
	struct error none;

	snprintf(
		ret, KEYGEN_BYTES, "%.*s/ssh-keygen", (int)(file_base_name(sshd) - sshd - 1), sshd);
	if (file_resolve(session->root, ret, path, &none) < 0)
		snprintf(ret, KEYGEN_BYTES, "%s/sw/bin/ssh-keygen", system);
}

static int make_temporary_host_key(const struct chroot_session *session, const char *system,
	const char *sshd, struct error *err)
{
	char keygen[KEYGEN_BYTES];
	const char *const argv[] = { keygen, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f",
		TEMPORARY_HOST_KEY, NULL };

	find_keygen(session, system, sshd, keygen);
	return chroot_run(session, argv, false, err);
}

/* Debian's sshd wants this folder, which a service makes at each boot. */
static int make_runtime_folder(const char *root, struct error *err)
{
	char path[FILE_PATH_BYTES];

	file_below(path, root, "/run/sshd");
	return file_ensure_folder(path, 0755, err);
}

int sshd_run_print(const struct chroot_session *session, const struct sshd_program *program,
	const char *user, const struct sshd_origin *origin, unsigned port, char **ret_values,
	struct error *err)
{
	char connection[512];
	const char *const options[] = { "-T", "-C", connection, NULL };

	snprintf(connection, sizeof(connection), "user=%s,host=%s,addr=%s,laddr=%s,lport=%u", user,
		origin->host, origin->address,
		strchr(origin->address, ':') ? "2001:db8::1" : "203.0.113.1", port);
	return run_sshd(session, program, options, ret_values, err);
}

int sshd_run_test(const struct chroot_session *session, const char *system,
	struct sshd_program *program, const char *user, const struct sshd_origin *origin,
	unsigned port, char **ret_values, struct error *err)
{
	struct error none;
	int r = make_runtime_folder(session->root, err);

	if (r < 0)
		return r;
	r = sshd_run_print(session, program, user, origin, port, ret_values, err);
	if (r == 0 || r == -ENOEXEC || !strstr(err->text, "no hostkeys available"))
		return r;
	if (make_temporary_host_key(session, system, program->arguments[0], &none) < 0)
		return r;
	program->temporary_host_key = true;
	return sshd_run_print(session, program, user, origin, port, ret_values, err);
}

int sshd_run_query_revoked(const struct chroot_session *session, const char *system,
	const struct sshd_program *program, const char *revocation_list,
	const struct ssh_key_line *key, struct error *err)
{
	char keygen[KEYGEN_BYTES], path[FILE_PATH_BYTES];
	const char *const argv[] = { keygen, "-Q", "-f", revocation_list, ASKED_KEY, NULL };
	AUTO_FREE char *line = NULL;
	int length = asprintf(&line, "%s %s\n", key->type, key->blob), r;

	if (length < 0)
		abort();
	find_keygen(session, system, program->arguments[0], keygen);
	file_below(path, session->root, ASKED_KEY);
	r = file_write(path, line, (size_t)length, 0600, 0, 0, err);
	if (r < 0)
		return r;
	return chroot_run(session, argv, false, err);
}
