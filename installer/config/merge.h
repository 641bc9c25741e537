/* SPDX-License-Identifier: MIT */
/*
 * merge — reads keys from files, command lines and options into one struct config. Later sources
 * win.
 *
 * Pure: the caller has read the texts. Every error of every source is collected in config, with the
 * source's name and line. Nothing is ever executed or sourced.
 *
 * Tested by: tests/unit/test_config.c, tests/fuzz/config.c, tests/fuzz/command_line.c.
 */
#pragma once

#include <stddef.h>

#include "config/config.h"

/* Merges a file's text (key = value lines, # comments; CRLF and a BOM are accepted). source names
 * it in errors: "/etc/guest-installer.conf". A # begins a comment at the start of a line and after
 * a blank. A key that one file sets twice is an error. Errors are collected in config. */
void merge_text(struct config *config, const char *source, const char *text, size_t size_bytes);

/* Copies the next word of a kernel command line without its quotes and advances *text; false at the
 * end. */
#define MERGE_WORD_BYTES 4096 /* with the NUL */
bool merge_next_word(const char **text, char ret[MERGE_WORD_BYTES]);

/* Merges the words guest-installer.key=value of a kernel command line, quoted as the kernel does:
 * "…" around a value or a whole word. Other words are skipped. So are guest-installer.disable,
 * which the service of a NixOS ISO reads, and guest-installer.embedded (embedded_word.h). The last
 * of several assignments to a key wins, as in the kernel. */
void merge_command_line(struct config *config, const char *command_line);

/* Merges the kernel's own word ip=…. To be called before merge_command_line, so that
 * guest-installer.ip=… wins. Initrds take further forms of the word, several times: one that key ip
 * cannot be is no error, changes nothing, and is copied to ret_ignored, which is empty if there is
 * none. */
#define MERGE_IGNORED_BYTES 200
void merge_kernel_ip(
	struct config *config, const char *command_line, char ret_ignored[MERGE_IGNORED_BYTES]);

/* Merges one key=value that a source gives. MERGE_SET_SOURCE names arguments of the program, which
 * the process list shows: the secret report-token is refused there and on the kernel command
 * line. */
#define MERGE_SET_SOURCE "--set"
void merge_option(struct config *config, const char *source, const char *assignment);

/* Sets one key to a text that a program has made. */
void merge_setting(
	struct config *config, const char *source, enum config_key key, const char *text);
