#!/bin/sh
# Every manual page can be read, and tells the options that there are.
set -u
cd "${top_srcdir:-.}" || exit 1
build=${top_builddir:-.}
bad=0
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT

command -v mandoc >/dev/null || {
	echo "mandoc is not installed"
	exit 77
}

# "mcps/sys/store.h" is described by mcps_sys_store(3).
for header in include/mcps/*.h include/mcps/sys/*.h; do
	case $header in */mcps.h | */types.h | */export.h) continue ;; esac
	name=$(echo "${header#include/}" | tr / _)
	script/manual "$header" >"$pages/${name%.h}.3" || bad=1
done
cp docs/man/*.[78] "$pages"

for page in "$pages"/*; do
	mandoc -T lint -W warning "$page" || bad=1
	# man-db reads a page as groff does, where it is installed.
	if man --version 2>/dev/null | grep -q '^man 2'; then
		said=$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$page" \
			2>&1 >/dev/null </dev/null)
		[ -z "$said" ] || {
			echo "$page: $said"
			bad=1
		}
	fi
done

# A page names all functions of its header, and no page is named that is not.
for page in "$pages"/*.3; do
	sed -n 's/^\.Nm \(mcps_[a-z0-9_]*\).*/\1/p' "$page"
done | sort -u >"$pages/named"
# Without macros and comments, what is left are declarations.
cat include/mcps/*.h include/mcps/sys/*.h |
	sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' -e '/^[[:space:]]*#/d' |
	tr '\n' ' ' | sed 's,/\*\([^*]\|\*\+[^*/]\)*\*\+/,,g' | tr ';' '\n' |
	grep 'MCPS_API' | grep -o 'mcps_[a-z0-9_]*[[:space:]]*(' |
	tr -d ' (' | sort -u >"$pages/declared"
# shellcheck disable=SC2086 # lists of words
missing=$(comm -13 "$pages/named" "$pages/declared")
[ -z "$missing" ] || {
	echo "in no manual page:" $missing
	bad=1
}
for page in "$pages"/*.3; do
	name=$(basename "$page" .3)
	grep -q "^\.Xr $name 3" docs/man/mcps.7 || {
		echo "mcps.7 does not name $name(3)"
		bad=1
	}
done
for name in $(sed -n 's/^\.Xr \(mcps[a-z_-]*\) \([378]\).*/\1.\2/p' "$pages"/*.[378]); do
	[ -e "$pages/$name" ] || {
		echo "$name is referred to, but there is no such page"
		bad=1
	}
done

script/manual --check "$build/demo-server/mcps-demo" || bad=1
exit $bad
