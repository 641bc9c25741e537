#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# short.sh — proves that the parsers and the unpacker keep their promises on the inputs of the
# corpus, and on some thousand that mutation makes of them
# shellcheck source=tests/fuzz/fuzz.lib.sh
. "$(dirname "$0")/fuzz.lib.sh"

fuzz_all 1 5000
