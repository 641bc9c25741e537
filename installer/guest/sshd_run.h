/* SPDX-License-Identifier: MIT */
/*
 * sshd_run — runs the guest's own SSH server inside the target to check its configuration.
 *
 * It finds the program and its options in the guest's systemd units, and asks it with -t and -T.
 * What the printed values mean is decided by sshd_login. Formats: sshd(8), systemd.service(5),
 * "COMMAND LINES", systemd.socket(5), ListenStream.
 *
 * Tested by: tests/unit/test_sshd_run.c, tests/loop/sshd.sh, tests/loop/lockout.sh,
 * tests/fuzz/sshd_unit.c.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/file.h"
#include "guest/chroot.h"
#include "guest/sshd_match.h"
#include "input/ssh_key_line.h"

#define SSHD_ARGUMENTS_MAX 24

/* How the guest starts its server. */
struct sshd_program {
	char *command;			     /* what arguments point into; from malloc */
	char *arguments[SSHD_ARGUMENTS_MAX]; /* the program, then options that shape its settings */
	size_t count;
	char config_path[512]; /* named by an argument if the usual path does not exist yet */
	char *listen; /* of a socket unit: "listenaddress …" lines for sshd_values; else NULL */
	bool temporary_host_key; /* the guest has no host key yet, and -h names one made here */
};

/* Finds it in sshd.service or sshd@.service. -ENOENT if no unit that the systemd targets want
 * starts a server. */
int sshd_run_find(const char *root, const char *system, struct sshd_program *ret,
	struct error *err) WARN_UNUSED;
void sshd_run_free(struct sshd_program *program);

/* The first run of `sshd -T`, which checks what `sshd -t` checks before it prints (sshd(8)): 0 if
 * the server would start; ret_values as by sshd_run_print. A guest that makes its host keys at boot
 * gets a temporary one. -ENOEXEC if the program cannot be executed here; else -EIO with the last
 * line that the server printed. */
int sshd_run_test(const struct chroot_session *session, const char *system,
	struct sshd_program *program, const char *user, const struct sshd_origin *origin,
	unsigned port, char **ret_values, struct error *err) WARN_UNUSED;

/* Runs `sshd -T` for a login of user from origin at this port; ret_values is its output. */
int sshd_run_print(const struct chroot_session *session, const struct sshd_program *program,
	const char *user, const struct sshd_origin *origin, unsigned port, char **ret_values,
	struct error *err) WARN_UNUSED;

/* Runs the guest's `ssh-keygen -Q`: 0 if this key revocation list does not have the key. Else the
 * program's own error. */
int sshd_run_query_revoked(const struct chroot_session *session, const char *system,
	const struct sshd_program *program, const char *revocation_list,
	const struct ssh_key_line *key, struct error *err) WARN_UNUSED;

/* The configuration file that the server reads, resolved below root. */
int sshd_run_config_path(const char *root, const struct sshd_program *program,
	char ret[FILE_PATH_BYTES], struct error *err) WARN_UNUSED;
