/* SPDX-License-Identifier: MIT */
/*
 * config — one set of keys from several sources, later ones winning.
 *
 * Pure: it parses texts and command lines that others have read. Every error of every source is
 * reported in one run, each with the source's name and line. Nothing is ever executed or sourced.
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
#define CONFIG_FILES_MAX    8
#define CONFIG_ERRORS_BYTES 4096

enum config_key {
	KEY_DISK,	       /* auto, a path, serial:NAME */
	KEY_BOOT_DISK,	       /* the same, for the layout pygrub */
	KEY_WIPE,	       /* refuse, force */
	KEY_MACHINE,	       /* virtual, any */
	KEY_LAYOUT,	       /* auto, bios, gpt, pygrub, direct */
	KEY_ROOT_LABEL,	       /* ext4 label, 1 to 16 bytes */
	KEY_ROOT_UUID,	       /* of the root file system */
	KEY_ESP_LABEL,	       /* FAT label, 1 to 11 characters */
	KEY_SWAP,	       /* none (default), or the size of a swap partition */
	KEY_MANIFEST,	       /* URL or absolute path of guest.json */
	KEY_MANIFEST_SUM,      /* its SHA-256: hex, nix32, base64 or SRI */
	KEY_SYSTEM,	       /* store path */
	KEY_ENGINE,	       /* cache (default), nixos-install */
	KEY_CONFIGURATION,     /* URL or absolute path of a NixOS module */
	KEY_CONFIGURATION_SUM, /* its SHA-256 */
	KEY_FLAKE,	       /* REF#NAME */
	KEY_HOSTNAME,	       /* of the guest that nixos-install builds */
	KEY_CACHE,	       /* binary cache URLs, separated by blanks, tried in this order */
	KEY_TRUSTED_KEYS,      /* name:base64 …, separated by blanks; or none */
	KEY_CA_FILE,	       /* certificates that may vouch for https servers */
	KEY_STALL,	       /* seconds, 1 to 3600 */
	KEY_ATTEMPTS,	       /* of a fetch, 1 to 100 */
	KEY_KEYS,	/* none, or some of drive, cidata, credential and paths of key files */
	KEY_KEYS_USER,	/* root (default), or another user of the guest */
	KEY_HOST_KEYS,	/* generate, none; by default what the guest can have */
	KEY_FILES,	/* TARGET=SOURCE …: further files of the guest */
	KEY_ON_SUCCESS, /* poweroff, reboot, shell, exit */
	KEY_ON_FAILURE, /* the same */
	KEY_TIMEOUT,	/* seconds, 1 to 604800 */
	KEY_IP,		/* dhcp (default), off, or the fields of the kernel's ip= */
	KEY_INTERFACE,	/* auto (default), a name, or a MAC address */
	KEY_REPORT_URL, /* http(s) URL to which the verdict is sent */
	KEY_SEED,	/* a UUID from which every other UUID of this install is derived */
	CONFIG_KEY_COUNT,
};

/* Where SSH keys are looked for. */
enum keys_from {
	KEYS_FROM_DRIVE = 1,	  /* the FAT drive with key files */
	KEYS_FROM_CIDATA = 2,	  /* cloud-init's NoCloud drive */
	KEYS_FROM_CREDENTIAL = 4, /* the SMBIOS credential ssh.authorized_keys.root */
	KEYS_FROM_FILES = 8,	  /* that configuration names */
	KEYS_FROM_ALL = 7,	  /* if nothing was said */
};

/* SSH host keys made while installing. */
enum host_key_mode {
	HOST_KEYS_AUTO, /* where the guest has an SSH server and ssh-keygen */
	HOST_KEYS_GENERATE,
	HOST_KEYS_NONE,
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
	struct cache_settings cache;
	unsigned keys_from; /* enum keys_from as flags; 0: keys = none */
	char key_files[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES];
	size_t key_file_count;
	char keys_user[33];
	enum host_key_mode host_keys;
	struct {
		char target[256];		/* path in the guest */
		char source[CONFIG_TEXT_BYTES]; /* path here */
	} files[CONFIG_FILES_MAX];
	size_t file_count;
	enum ending on_success;
	enum ending on_failure;
	unsigned timeout_s;
	bool as_init; /* no source's: this is PID 1, which cannot exit */
	struct ip_setting ip;
	char interface[32];		    /* "auto", "eth0", "52:54:00:12:34:56" */
	char report_url[CONFIG_TEXT_BYTES]; /* empty: none */
	char seed[37];			    /* empty: random */
	bool given[CONFIG_KEY_COUNT];	    /* which keys a source has named */

	char errors[CONFIG_ERRORS_BYTES]; /* the sentences so far, one a line */
	size_t error_count;
};

/* The built-in defaults. */
void config_init(struct config *config);

/* Merges a file's text (key = value lines, # comments; CRLF and a BOM are accepted). source names
 * it in errors: "/etc/guest-installer.conf". A # begins a comment at the start of a line and after
 * a blank. A key that one file sets twice is an error. Errors are collected in config. */
void config_merge_text(
	struct config *config, const char *source, const char *text, size_t size_bytes);

/* Merges the words guest-installer.key=value of a kernel command line (quoted as the kernel does:
 * "…" around a value or a whole word); other words are not ours, nor is guest-installer.disable,
 * which is the service's. Of a key that is there twice the last one counts, as for the kernel. */
void config_merge_command_line(struct config *config, const char *command_line);

/* Merges the kernel's own word ip=…, weaker than guest-installer.ip=…: to be called before. */
void config_merge_kernel_ip(struct config *config, const char *command_line);

/* Merges one key=value given as an argument of the program. */
void config_merge_option(struct config *config, const char *source, const char *assignment);

/* Checks what one key alone cannot show (a cache without trusted keys, …) and turns the collected
 * errors into one error with EXIT_CONFIGURATION. */
int config_finish(struct config *config, struct error *err) WARN_UNUSED;

/* Whether the install itself, or at least its report, has to go over the network. */
bool config_needs_network(const struct config *config);
bool config_wants_network(const struct config *config);
