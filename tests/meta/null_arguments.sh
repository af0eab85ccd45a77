#!/bin/sh
# tests/functional/null_*_cases.c try each public function that takes a pointer
# with NULL.
set -u
cd "${top_srcdir:-.}" || exit 1

# Declarations, one a line, without macros and comments.
declarations() {
	cat include/mcps/*.h include/mcps/sys/*.h |
		sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' \
			-e '/^[[:space:]]*#/d' |
		tr '\n' ' ' | sed 's,/\*\([^*]\|\*\+[^*/]\)*\*\+/,,g' |
		tr ';' '\n' | grep 'MCPS_API'
}

# Those with a pointer among their parameters.
functions() {
	declarations | sed -n 's/.*\(mcps_[a-z0-9_]*\)[[:space:]]*(\(.*\)/\1 \2/p' |
		grep '[*]' | cut -d' ' -f1 | sort -u
}

[ "$(functions | wc -l)" -gt 100 ] || {
	echo "the headers cannot be read"
	exit 1
}
bad=0
for name in $(functions); do
	grep -q "NULL_CASE($name)" tests/functional/null_*_cases.c || {
		echo "$name: no test gives it NULL"
		bad=1
	}
done
exit $bad
