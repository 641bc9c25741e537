# SPDX-License-Identifier: MIT
"""What the user of first-run can do about a refusal of the installer: the installer names the setting,
which is the same in every machine, and this names the option of first-run.

Pure.
"""

from __future__ import annotations

import re

# The installer's codes (installer/base/error.c).
CONFIGURATION, SEVERAL_DISKS, NOT_BLANK, ALREADY_INSTALLED, TOO_SMALL, FETCH = 2, 11, 12, 13, 14, 42
SETTING = "a setting is given by --set KEY=VALUE"
HINTS = {
    SEVERAL_DISKS: SETTING,
    NOT_BLANK: SETTING,
    ALREADY_INSTALLED: "--set wipe=force with --existing installs anew",
}
# Of codes with several causes, those that an option removes: code, words of the sentence, option.
CAUSES = (
    (CONFIGURATION, r"started by BIOS, but the guest boots by UEFI", "--firmware uefi does that"),
    (CONFIGURATION, r"started by UEFI, but the guest boots by BIOS", "--firmware bios does that"),
    (TOO_SMALL, r"\bmemory\b", "--memory gives it more"),
    (TOO_SMALL, r"", "--size sets the size of the disk"),
    (FETCH, r"no network card", "--network user does that"),
)


def hint(code: int, sentence: str) -> str:
    """The option that helps, or an empty string."""
    for cause, words, text in CAUSES:
        if cause == code and re.search(words, sentence):
            return text
    return HINTS.get(code, "")
