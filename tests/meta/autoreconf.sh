#!/bin/sh
# autoreconf makes configure and Makefile.in from the sources without a warning.
set -u
cd "${top_srcdir:-.}" || exit 1

command -v autoreconf >/dev/null || {
	echo "autoreconf is not installed (Debian: autoconf, automake, libtool)"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# automake asks whether each listed file is there.
tar -c --exclude=./.git --exclude='./build*' --exclude=node_modules \
	--exclude=./aclocal.m4 --exclude=./autom4te.cache --exclude=./configure \
	--exclude=./config.h.in --exclude=./Makefile.in \
	--exclude='./m4/libtool.m4' --exclude='./m4/lt*.m4' . |
	tar -x -C "$work" || exit 1
cd "$work" || exit 1
chmod -R u+w .
if autoreconf -fi --warnings=all >said 2>&1 && ! grep -q 'warning:' said; then
	exit
fi
grep -v "^libtoolize: \|: installing '" said
exit 1
