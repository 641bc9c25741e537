/* SPDX-License-Identifier: MIT */
#include "guest/login_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/account.h"
#include "guest/revoked_keys.h"
#include "guest/sshd_config.h"
#include "guest/sshd_login.h"
#include "guest/sshd_run.h"
#include "guest/sshd_transport.h"
#include "guest/sshd_values.h"

#define TEXT_MAX_BYTES (256 * 1024)
#define DEFAULT_PORT   22

/* ------------------------------------------------------------------- the keys */

/* authorized_keys taken apart; the lines point into text. */
struct key_list {
	char *text;
	struct ssh_key_line *lines;
	size_t count;
};

static void parse_keys(const char *text, struct key_list *ret)
{
	struct error ignored;
	char *rest, *line;

	*ret = (struct key_list){ .text = text_duplicate(text) };
	rest = ret->text;
	while ((line = strsep(&rest, "\n"))) {
		ret->lines = must_realloc(ret->lines, ret->count + 1, sizeof(*ret->lines));
		if (ssh_key_line_parse(line, &ret->lines[ret->count], &ignored) == 0)
			ret->count++;
	}
}

static void free_keys(struct key_list *keys)
{
	free(keys->lines);
	free(keys->text);
}

static void warn_of_useless_keys(const struct sshd_values *values, const struct key_list *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		if (!sshd_login_accepts_key(values, &keys->lines[i]))
			log_line(
				"warning: the guest's SSH server does not take the key %s %.100s (PubkeyAcceptedAlgorithms, RequiredRSASize)",
				keys->lines[i].type, keys->lines[i].comment);
}

/* ------------------------------------------------------------------- host keys */

/* The type of a host key: from its public half, or else from its name. */
static void find_host_key_type(const char *path, char ret[64])
{
	char public_path[FILE_PATH_BYTES + 4], line[512];

	snprintf(public_path, sizeof(public_path), "%s.pub", path);
	file_read_line(public_path, line, sizeof(line));
	line[strcspn(line, " ")] = '\0';
	snprintf(ret, 64, "%.63s", line);
	if (!ret[0])
		snprintf(ret, 64, "%s",
			strstr(path, "rsa")	? "ssh-rsa"
			: strstr(path, "ecdsa") ? "ecdsa-sha2-nistp256"
						: "ssh-ed25519");
}

/* OpenSSH, authfile.c, sshkey_perm_ok: sshd ignores a host key that others may read. */
static int check_host_key_mode(const char *name, const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(err, -errno, "look at the host key %s", name);
	if (S_ISREG(st.st_mode) && st.st_uid == 0 && (st.st_mode & 077) == 0)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's SSH host key %s has mode %o and owner %u, and an SSH server ignores it unless it belongs to root and others cannot read it: give it the mode 0600.",
		name, st.st_mode & 07777, st.st_uid);
}

/* Host keys that do not exist yet are made at the guest's first boot. Of those that exist each one
 * has to be readable for root alone, and one has to be of a type that the server offers. */
static int check_host_keys(
	const struct login_request *request, const struct sshd_values *values, struct error *err)
{
	bool exists = false, offered = false;
	char path[FILE_PATH_BYTES], type[64];
	const char *name;
	size_t at = 0;

	while ((name = sshd_values_next(values, "hostkey", &at))) {
		int r;

		if (text_starts_with(name, "/run/"))
			continue;
		r = file_resolve(request->root, name, path, err);
		if (r < 0 && file_is_missing(r))
			continue;
		if (r < 0)
			return r;
		r = request->files_only ? 0 : check_host_key_mode(name, path, err);
		if (r < 0)
			return r;
		find_host_key_type(path, type);
		exists = true;
		offered |= sshd_transport_offers_host_key(values, type);
	}
	if (offered || !exists)
		return 0;
	return error_set_code(err, EXIT_VERIFY, -EACCES,
		"The guest's SSH server offers none of its host keys: HostKeyAlgorithms is \"%.200s\".",
		sshd_values_get(values, "hostkeyalgorithms", ""));
}

/* ------------------------------------------------------------------- one login */

/* What a check of one login needs. */
struct attempt {
	const struct login_request *request;
	const struct chroot_session *session;
	struct sshd_program *program;
	const struct sshd_login *login;
	const struct key_list *keys;
	struct sshd_origin origins[SSHD_ORIGINS_MAX];
	size_t origin_count;
	char *printed;		 /* what sshd printed for the first origin and DEFAULT_PORT */
	char *config_text;	 /* of sshd_config */
	const char *config_path; /* as the guest sees it */
	bool runnable;		 /* the guest's sshd runs here */
};

/* The settings in force for a login from this origin. With UseDNS no the server sees no host name,
 * and with another port Match LocalPort may decide otherwise: then it is asked again. */
static int read_values(const struct attempt *attempt, const struct sshd_origin *origin,
	unsigned port, struct sshd_values *ret, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r;

	if (attempt->printed && port == DEFAULT_PORT && origin == &attempt->origins[0]) {
		sshd_values_parse(attempt->printed, ret);
		return 0;
	}
	if (attempt->runnable)
		r = sshd_run_print(attempt->session, attempt->program, attempt->request->user,
			origin, port, &text, err);
	else
		r = sshd_config_read(attempt->config_path, attempt->config_text,
			attempt->request->user, &text, err);
	if (r < 0)
		return r;
	sshd_values_parse(text, ret);
	return 0;
}

static bool is_by_name(const struct sshd_origin *origin)
{
	return strcmp(origin->host, origin->address) != 0;
}

/* The keys of the login that the file of RevokedKeys does not have, in usable. */
static int drop_revoked_keys(const struct attempt *attempt, const char *revoked,
	struct ssh_key_line *usable, size_t *ret_count, struct error *err)
{
	const struct key_list *keys = attempt->keys;
	struct error reason = { 0 };

	*ret_count = 0;
	if (!attempt->runnable)
		return error_set(err, -ENOTSUP,
			"The guest's sshd_config has RevokedKeys %.200s, which cannot be evaluated here: the guest's programs do not run.",
			revoked);
	for (size_t i = 0; i < keys->count; i++) {
		if (revoked_keys_check(attempt->session, attempt->request->system, attempt->program,
			    revoked, &keys->lines[i], &reason) == 0)
			usable[(*ret_count)++] = keys->lines[i];
		else
			log_line(
				"warning: the guest's SSH server does not take the key %s %.100s (RevokedKeys): %s",
				keys->lines[i].type, keys->lines[i].comment, reason.text);
	}
	if (*ret_count > 0 || keys->count == 0)
		return 0;
	return error_set(err, -EACCES,
		"The guest's SSH server takes none of the keys, because its sshd_config has RevokedKeys %.200s: %s.",
		revoked, reason.text);
}

static int check_values(const struct attempt *attempt, const struct sshd_origin *origin,
	const struct sshd_values *values, struct error *err)
{
	const char *revoked = sshd_values_get(values, "revokedkeys", "none");
	struct sshd_login login = *attempt->login;
	AUTO_FREE struct ssh_key_line *usable = NULL;
	int r = 0;

	if (strcasecmp(revoked, "none") != 0) {
		usable = must_realloc(NULL, attempt->keys->count + 1, sizeof(*usable));
		login.keys = usable;
		r = drop_revoked_keys(attempt, revoked, usable, &login.key_count, err);
	}
	if (r < 0)
		return r;
	return sshd_login_check(values, &login, origin, err);
}

/* A login from one origin; ret has the values on success, for the caller to free. */
static int try_origin(const struct attempt *attempt, struct sshd_origin *origin, unsigned port,
	struct sshd_values *ret, struct error *err)
{
	int r = read_values(attempt, origin, port, ret, err);

	if (r < 0)
		return r;
	if (is_by_name(origin) && strcasecmp(sshd_values_get(ret, "usedns", "no"), "yes") != 0) {
		sshd_values_free(ret);
		snprintf(origin->host, sizeof(origin->host), "%s", origin->address);
		return try_origin(attempt, origin, port, ret, err);
	}
	r = check_values(attempt, origin, ret, err);
	if (r == 0)
		r = sshd_transport_check(ret, err);
	if (r < 0)
		sshd_values_free(ret);
	return r;
}

/* The port of the socket unit, or of the server itself. */
static int find_login_port(const struct attempt *attempt, const struct sshd_origin *origin,
	unsigned *ret, struct error *err)
{
	struct sshd_values values;
	int r = 0;

	if (attempt->program->listen)
		sshd_values_parse(attempt->program->listen, &values);
	else
		r = read_values(attempt, origin, DEFAULT_PORT, &values, err);
	if (r < 0)
		return r;
	*ret = sshd_values_port(&values);
	r = sshd_transport_check_listen(&values, err);
	sshd_values_free(&values);
	return r;
}

/* Tries the origins until the server lets the owner in from one; the reason of a failure is that
 * of the first origin, an ordinary address. */
static int try_origins(struct attempt *attempt, unsigned *ret_port, struct error *err)
{
	struct sshd_values values;
	struct error other;
	int r = find_login_port(attempt, &attempt->origins[0], ret_port, err);

	if (r < 0)
		return r;
	r = try_origin(attempt, &attempt->origins[0], *ret_port, &values, err);
	for (size_t i = 1; i < attempt->origin_count && r < 0; i++)
		if (try_origin(attempt, &attempt->origins[i], *ret_port, &values, &other) == 0) {
			log_line(
				"warning: the guest lets %s in from some addresses only, such as %s",
				attempt->request->user, attempt->origins[i].host);
			r = 0;
		}
	if (r < 0)
		return r;
	warn_of_useless_keys(&values, attempt->keys);
	r = check_host_keys(attempt->request, &values, err);
	sshd_values_free(&values);
	return r;
}

/* ------------------------------------------------------------------- the whole check */

/* Runs the server once. One that cannot be executed here is no failure. */
static int test_server(struct attempt *attempt, struct error *err)
{
	int r;

	if (attempt->request->files_only) {
		log_line("ssh: the installer reads %s itself, and refuses what it cannot evaluate",
			attempt->config_path);
		return 0;
	}
	r = sshd_run_test(attempt->session, attempt->request->system, attempt->program,
		attempt->request->user, &attempt->origins[0], DEFAULT_PORT, &attempt->printed, err);

	attempt->runnable = r == 0;
	if (r == -ENOEXEC) {
		log_line(
			"warning: the guest's sshd does not run here, so the installer reads %s itself: %s",
			attempt->config_path, err->text);
		return 0;
	}
	if (r < 0)
		error_wrap(err, "The guest's SSH server would not start (sshd -t)");
	return r;
}

static int check_inside(struct attempt *attempt, const struct account *account, unsigned *ret_port,
	struct error *err)
{
	char path[FILE_PATH_BYTES];
	int r = 0;

	if (attempt->session)
		r = chroot_link_system(attempt->session, attempt->request->system, err);
	if (r < 0)
		return r;
	r = account_check_shell(attempt->request->root, attempt->request->user, account, err);
	if (r < 0)
		return r;
	r = sshd_run_config_path(attempt->request->root, attempt->program, path, err);
	if (r < 0)
		return r;
	r = file_read(path, TEXT_MAX_BYTES, &attempt->config_text, NULL, err);
	if (r < 0)
		return r;
	attempt->config_path = path + strlen(attempt->request->root);
	attempt->origin_count = sshd_match_propose_origins(attempt->config_text, attempt->origins);
	r = test_server(attempt, err);
	if (r == 0)
		r = try_origins(attempt, ret_port, err);
	free(attempt->printed);
	free(attempt->config_text);
	return r;
}

static int check_in_chroot(struct attempt *attempt, const struct account *account,
	unsigned *ret_port, struct error *err)
{
	struct chroot_session session;
	struct error second;
	int r = chroot_enter(attempt->request->root, attempt->request->system, &session, err);

	if (r < 0)
		return r;
	attempt->session = &session;
	r = check_inside(attempt, account, ret_port, err);
	if (chroot_leave(&session, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}

int login_check(const struct login_request *request, unsigned *ret_port, struct error *err)
{
	CLEANUP(sshd_run_free) struct sshd_program program = { .count = 0 };
	CLEANUP(free_keys) struct key_list keys = { .count = 0 };
	AUTO_FREE struct account *account = must_realloc(NULL, 1, sizeof(*account));
	int r = sshd_run_find(request->root, request->system, &program, err);

	if (r < 0)
		return r;
	r = account_read(request->root, request->user, account, err);
	if (r < 0)
		return r;
	parse_keys(request->keys_text, &keys);
	const struct sshd_login login = {
		.user = request->user,
		.home = account->owner.home,
		.groups = account->groups,
		.open_home = account->open_home && !request->files_only,
		.locked = account->locked,
		.keys = keys.lines,
		.key_count = keys.count,
	};
	struct attempt attempt = {
		.request = request, .program = &program, .login = &login, .keys = &keys
	};

	r = (request->files_only ? check_inside : check_in_chroot)(
		&attempt, account, ret_port, err);
	if (r < 0)
		err->code = EXIT_VERIFY;
	return r;
}
