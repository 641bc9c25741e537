/* SPDX-License-Identifier: MIT */
/*
 * version — the version of this program and the commit that it was built from.
 *
 * Pure. The number is that of the file VERSION. The commit is what release/commit printed at build
 * time. Formats have versions of their own (docs/versions.md).
 *
 * Tested by: tests/build/versions.sh (version_number, version_commit).
 */
#pragma once

extern const char version_number[];

/* 40 hexadecimal digits, with "-dirty" behind them if the tree had other changes; "unknown" if the
 * sources came from neither a clone nor a source archive. */
extern const char *const version_commit;
