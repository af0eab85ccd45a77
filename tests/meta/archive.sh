#!/bin/sh
# A released archive holds every file that git has, except git's own.
set -u
build=$(cd "${top_builddir:-.}" && pwd)
cd "${top_srcdir:-.}" || exit 1

git ls-files --error-unmatch configure.ac >/dev/null 2>&1 || {
	echo "this is no checkout of git"
	exit 77
}
listed=$(mktemp)
trap 'rm -f "$listed"' EXIT
${MAKE:-make} -s --no-print-directory -C "$build" list-dist >"$listed" || exit 1

# Each listed name is a file, or a folder with all that is in it.
git ls-files | awk -v listed="$listed" '
BEGIN {
	while ((getline <listed) > 0)
		has[$0] = 1
}
{
	for (name = $0; name != "" && !(name in has); )
		if (!sub("/[^/]*$", "", name))
			name = ""
	if (name == "" && $0 != ".gitignore") {
		print $0 ": not in the archive; see EXTRA_DIST in Makefile.am"
		bad = 1
	}
}
END { exit bad }'
