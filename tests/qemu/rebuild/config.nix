# SPDX-License-Identifier: MIT
{ ... }: { version = "second"; }
