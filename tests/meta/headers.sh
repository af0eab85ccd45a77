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

# refuses COMPILER LANGUAGE STATEMENT: it compiles with no warning only if it is
# wrong to.
refuses() {
	printf '#include <mcps/mcps.h>\nvoid f(mcps_call *c, mcps_server *s);\n%s %s %s\n' \
		'void f(mcps_call *c, mcps_server *s) { (void)c; (void)s;' "$3" '}' |
		$1 -x "$2" -Iinclude -Wall -Wextra -Werror -fsyntax-only - \
			2>/dev/null || return 0
	echo "compiles as $2 with $1, without a warning: $3"
	bad=1
}

# The severities of messages to clients and the levels of the server's log.
refuses_confused_scales() {
	refuses "$1" "$2" 'mcps_notify_log(c, MCPS_LOG_ERROR, 0, "x");'
	refuses "$1" "$2" 'mcps_server_log(s, MCPS_SEVERITY_ERROR, "x");'
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
refuses_confused_scales "${CC:-cc}" c
[ -z "$cxx" ] || refuses_confused_scales "$cxx" c++
exit $bad
