#!/bin/sh
# The shared libraries export the functions that the public headers declare
# with MCPS_API: nothing else, and nothing less.
set -u
build=${top_builddir:-.}
cd "${top_srcdir:-.}" || exit 1
bad=0

exported() {
	${NM:-nm} -D --defined-only "$build/.libs/$1" |
		awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }'
}

# Without macros, then without comments: what is left are declarations.
declared() {
	cat include/mcps/*.h include/mcps/sys/*.h |
		sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' \
			-e '/^[[:space:]]*#/d' |
		tr '\n' ' ' | sed 's,/\*\([^*]\|\*\+[^*/]\)*\*\+/,,g' |
		tr ';' '\n' | grep 'MCPS_API' |
		grep -o 'mcps_[a-z0-9_]*[[:space:]]*(' | tr -d ' (' |
		sort -u
}

[ -e "$build/.libs/libmcps.so" ] || {
	echo "no shared library was built"
	exit 77
}
names=$(exported libmcps.so && exported libmcps-app.so) || exit 1

for name in $names; do
	case $name in
	mcps__*) echo "$name: internal, but exported" && bad=1 ;;
	mcps_*) ;;
	*) echo "$name: exported without our prefix" && bad=1 ;;
	esac
done
absent=$(for name in $(declared); do
	echo "$names" | grep -qx "$name" || printf ' %s' "$name"
done)
[ -z "$absent" ] || {
	echo "declared in a public header, but not exported:$absent"
	bad=1
}
exit $bad
