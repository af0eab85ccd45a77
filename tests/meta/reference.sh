#!/bin/sh
# doxygen finds nothing wrong with the comments of the public headers.
set -u
cd "${top_srcdir:-.}" || exit 1
command -v doxygen >/dev/null || {
	echo "doxygen is not installed"
	exit 77
}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
{
	cat docs/Doxyfile
	echo "OUTPUT_DIRECTORY = $out"
} | doxygen - || exit 1
[ -e "$out/html/server_8h.html" ]
