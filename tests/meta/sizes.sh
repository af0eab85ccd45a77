#!/bin/sh
# No file has more than 600 lines, no function more than 70. What is about to
# is split, at a seam that makes both parts easier to read.
set -u
cd "${top_srcdir:-.}" || exit 1

# shellcheck disable=SC2016 # $0 is awk's
# clang-format puts the brace of a function, and of nothing else, alone into
# the first column. In C++ that may be a class: functions are not measured.
find lib include demo-server examples tests bench -name node_modules -prune \
	-o \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print 2>/dev/null |
	sort | xargs awk '
FNR == 1 { name = ""; start = 0 }
FNR == 601 { print FILENAME ": more than 600 lines"; bad = 1 }
/^\{/ && FILENAME !~ /pp$/ { start = FNR }
/^\}/ && start {
	if (FNR - start - 1 > 70) {
		printf "%s:%d: %d lines in %s\n", FILENAME, start,
			FNR - start - 1, name
		bad = 1
	}
	start = 0
}
/^[A-Za-z].*\(/ { name = $0 }
END { exit bad }'
