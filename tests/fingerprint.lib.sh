# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/fingerprint.lib.sh — whether a disk is still what it was

# fingerprint FILE — a hash of the size and of every block that is not zero, with its offset. It skips
# holes. 3 and 4 are lseek's SEEK_DATA and SEEK_HOLE.
fingerprint() {
	perl -e '
		open my $disk, "<:raw", $ARGV[0] or die "$ARGV[0]: $!\n";
		my ($at, $end, $block, $zeros) = (0, 0, "", "\0" x 4096);
		print -s $disk, "\n";
		while (defined($at = sysseek $disk, $end, 3)) {
			$end = sysseek $disk, $at, 4;
			sysseek $disk, $at = int($at / 4096) * 4096, 0;
			for (; $at < $end; $at += 4096) {
				sysread $disk, $block, 4096 or die "$ARGV[0]: $!\n";
				print "$at\n", $block if $block ne $zeros;
			}
		}' "$1" | b2sum
}
