#!/bin/sh
# Each public header compiles alone, without warnings, in every language that
# our users write. tests/meta/cxx.sh tries the header for C++17.
set -u
cd "${top_srcdir:-.}" || exit 1
bad=0

# compiles COMPILER LANGUAGE STANDARD HEADER
compiles() {
	printf '#include <%s>\ntypedef int not_empty;\n' "${4#include/}" |
		$1 -x "$2" -std="$3" -Iinclude -Wall -Wextra -Wpedantic -Werror \
			-fsyntax-only - || {
		echo "$4: does not compile alone as $3"
		bad=1
	}
}

cxx=${CXX:-c++}
command -v "${cxx%% *}" >/dev/null || {
	echo "no C++ compiler: the headers were tried as C alone"
	cxx=
}
for header in include/mcps/*.h include/mcps/sys/*.h; do
	for standard in c99 c11 c17; do
		compiles "${CC:-cc}" c $standard "$header"
	done
	[ -z "$cxx" ] || compiles "$cxx" c++ c++11 "$header"
done
exit $bad
