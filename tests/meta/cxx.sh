#!/bin/sh
# <mcps/mcps.hpp>, the example and the tests of it compile without warnings with
# each C++ compiler that is there, as C++17 and as C++20. Mistakes that it is to
# find do not compile, and say why.
set -u
cd "${top_srcdir:-.}" || exit 1
code=$(mktemp)
trap 'rm -f "$code"' EXIT
bad=0

compilers=
for compiler in "${CXX:-c++}" g++ clang++; do
	! command -v "${compiler%% *}" >/dev/null ||
		compilers="$compilers${compilers:+:}$compiler"
done
[ -n "$compilers" ] || {
	echo "there is no C++ compiler"
	exit 77
}

# compile FILE
compile() {
	$compiler -x c++ -std="$standard" -Iinclude -Itests -Wall -Wextra \
		-Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror \
		-fsyntax-only "$1" 2>&1
}

# accepts FILE
accepts() {
	compile "$1" || {
		echo "$1: does not compile with $compiler as $standard"
		bad=1
	}
}

# refuses WORDS CODE: in main() of a program.
refuses() {
	{
		echo '#include <mcps/mcps.hpp>'
		echo 'struct args { int64_t times; int small; };'
		echo 'struct filled { int64_t times = 1; };'
		echo 'int main() { mcps::server server("a", "1"); mcps_tool tool{};'
		echo "mcps_server_options options{}; $2 }"
	} >"$code"
	if said=$(compile "$code"); then
		echo "compiles with $compiler as $standard: $2"
		bad=1
	elif ! echo "$said" | grep -q -e "$1"; then
		printf 'no "%s" about %s\n%s\n' "$1" "$2" "$said"
		bad=1
	fi
}

try_all() {
	echo '#include <mcps/mcps.hpp>' >"$code"
	accepts "$code"
	for file in examples/*.cpp tests/functional/*.cpp; do
		accepts "$file"
	done
	refuses 'and is not mutable' \
		'server.add_tool(tool, [n = 1](mcps_call *) mutable {
			n++; return MCPS_OK; });'
	refuses 'an argument is bool, int64_t' \
		'mcps::field(&args::small, "small", "");'
	refuses 'a plain struct, without initializers' \
		'mcps::field(&filled::times, "times", "");'
	refuses 'delete' \
		'options.hosts = mcps::list{ "a.example" }.data();'
	refuses 'delete' 'mcps::server other(server);'
}

IFS=:
for compiler in $compilers; do
	unset IFS
	for standard in c++17 c++20; do
		try_all
	done
done
exit $bad
