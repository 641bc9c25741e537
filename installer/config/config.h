/* SPDX-License-Identifier: MIT */
/*
 * config — the values of all configuration keys, and the errors that were found while reading them.
 *
 * Pure. It includes no other module of its folder: key_table sets the fields, merge reads the
 * sources, check looks at the keys together. Modules below config take the settings that they need
 * (struct fetch_settings, struct cache_settings, …), and those above it where that is enough
 * (struct key_settings, struct extra_file_settings, …).
 *
 * Tested by: tests/unit/test_config.c, tests/fuzz/config.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "disk/layout.h"
#include "net/ipconfig.h"
#include "nix/cache_settings.h"
#include "verdict/ending.h"

#define CONFIG_TEXT_BYTES   SETTINGS_TEXT_BYTES
#define CONFIG_KEYS_MAX	    8
#define CONFIG_FILES_MAX    16
#define CONFIG_ERRORS_BYTES 4096
#define CONFIG_MORE_BYTES   32 /* kept free at the end of the errors for "and N more" */

/* KEY_DISK, KEY_BOOT_DISK, …: one for each row of keys.def. */
#define KEY(name, id, otherwise, values, meaning, setter) KEY_##id,
enum config_key {
#include "config/keys.def"
	CONFIG_KEY_COUNT,
};
#undef KEY

/* Where SSH keys are looked for. */
enum keys_from {
	KEYS_FROM_DRIVE = 1,	  /* the key drive */
	KEYS_FROM_CIDATA = 2,	  /* cloud-init's NoCloud drive */
	KEYS_FROM_CREDENTIAL = 4, /* the systemd credential ssh.authorized_keys.root */
	KEYS_FROM_CONFIG_2 = 8,	  /* OpenStack's configuration drive */
	KEYS_FROM_FILES = 16,	  /* that configuration names */
	KEYS_FROM_ALL = 15,	  /* if nothing was said */
};

struct key_settings {
	unsigned from; /* enum keys_from as flags; 0: keys = none */
	char files[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES];
	size_t file_count;
};

/* A source with this prefix is the name of a file on the key drive. */
#define CONFIG_DRIVE_PREFIX "drive:"

/* Further files of the guest. */
struct extra_file {
	char target[256];		/* path in the guest */
	char source[CONFIG_TEXT_BYTES]; /* path here, or a name on the key drive */
	bool on_drive;
	unsigned mode, uid, gid;
};
struct extra_file_settings {
	struct extra_file files[CONFIG_FILES_MAX];
	size_t count;
};

/* SSH host keys that the guest gets while it is installed. */
enum host_key_mode {
	HOST_KEYS_AUTO,	    /* those on the key drive; the others are made where the guest can */
	HOST_KEYS_GENERATE, /* all are made */
	HOST_KEYS_NONE,
	HOST_KEYS_GIVEN, /* those of the places below have to be there; the others are made */
};

struct host_key_settings {
	enum host_key_mode mode;
	bool from_drive;
	char files[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES];
	size_t file_count;
};

/* What makes the system that is installed. */
enum engine_kind {
	ENGINE_CACHE,	      /* a closure, copied from a binary cache */
	ENGINE_NIXOS_INSTALL, /* the live system's nixos-install */
};

struct config {
	char disk[CONFIG_TEXT_BYTES]; /* "auto", "/dev/vdb", an image's path, "serial:NAME" */
	char boot_disk[CONFIG_TEXT_BYTES];
	bool wipe_force;
	char wipe_tokens
		[CONFIG_TEXT_BYTES]; /* tokens of contents, joined by commas; empty if none */
	bool machine_any;
	enum layout layout;
	char root_label[17]; /* empty: the layout's */
	char root_uuid[37];  /* empty: derived from the seed */
	char esp_label[12];
	uint64_t swap_bytes;		  /* a multiple of MiB; 0: none */
	char manifest[CONFIG_TEXT_BYTES]; /* empty: none */
	uint8_t manifest_sha256[32];	  /* if given[KEY_MANIFEST_SUM] */
	char system[256];		  /* empty: the manifest's */
	enum engine_kind engine;
	char configuration[CONFIG_TEXT_BYTES]; /* empty: none is named */
	uint8_t configuration_sha256[32];      /* if given[KEY_CONFIGURATION_SUM] */
	char flake[CONFIG_TEXT_BYTES];	       /* REF#NAME; empty: none */
	char hostname[64];		       /* empty: the configuration's */
	char suggested_hostname[64]; /* no source's key: of the host's cloud data; empty: none */
	struct cache_settings cache;
	struct key_settings keys;
	char keys_user[33];
	struct host_key_settings host_keys;
	struct extra_file_settings files;
	enum ending on_success;
	enum ending on_failure;
	bool first_boot_verdict;
	bool boot_installed; /* if-installed = boot */
	unsigned timeout_s;
	unsigned workers; /* of the copy; 0: as processors and memory allow */
	bool as_init;	  /* no source's: this is PID 1, which cannot exit */
	bool as_program;  /* no source's: this runs on a system, which it cannot replace */
	bool as_clone;	  /* no source's: an image is copied, and no system is read */
	struct ip_setting ip;
	char interface[32];		       /* "auto", "eth0", "52:54:00:12:34:56" */
	char report_url[CONFIG_TEXT_BYTES];    /* empty: none */
	char report_token[REPORT_TOKEN_BYTES]; /* empty: none; a secret */
	char seed[37];			       /* empty: random */
	bool given[CONFIG_KEY_COUNT];	       /* which keys a source has named */

	char errors[CONFIG_ERRORS_BYTES]; /* the sentences so far, one a line */
	size_t error_count;
};

/* Adds a sentence to the collected errors. Credentials in it are hidden, control characters become
 * '?'. One that does not fit is only counted. */
void config_add_error(struct config *config, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Whether the install has to go over the network. */
bool config_needs_network(const struct config *config);

/* The same for the install or its report. */
bool config_wants_network(const struct config *config);

/* Whether the install reads files below this folder: the manifest or the configuration, or all
 * caches are there. */
bool config_needs_folder(const struct config *config, const char *folder);
