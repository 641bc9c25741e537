#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fuzz.sh — proves that the parsers and the unpacker keep their promises for a minute each
# shellcheck source=tests/fuzz/fuzz.lib.sh
. "$(dirname "$0")/../fuzz/fuzz.lib.sh"

fuzz_all 60 -1
