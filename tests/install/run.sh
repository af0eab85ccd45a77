#!/bin/sh
# Use the library that is installed in PREFIX as a stranger would: with
# pkg-config, from another directory, shared and static.
#
#   tests/install/run.sh PREFIX
set -eu
prefix=$1
here=$(cd "$(dirname "$0")" && pwd)
examples=$(cd "$here/../.." && pwd)/examples
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
: "${CC:=cc}" "${CXX:=c++}"

cat >use.c <<'EOF'
#include <mcps/mcps.h>
#include <stdio.h>

int main(void)
{
	puts(mcps_status_text(MCPS_OK));
	return mcps_status_http(MCPS_E_GONE) != 404;
}
EOF
cp use.c use.cc

# "-lmcps" as the archive of that name, what it needs as ever.
static() {
	pkg-config --static --libs "$1" |
		sed 's/-l\(mcps[-a-z]*\)/-l:lib\1.a/g'
}

needs_library() {
	readelf -d "$1" | grep -q 'NEEDED.*libmcps'
}

# shellcheck disable=SC2046 # flags are words
try() {
	$CC use.c $(pkg-config --cflags --libs mcps) -o shared
	LD_LIBRARY_PATH=$prefix/lib ./shared
	needs_library shared

	$CXX -std=c++11 use.cc $(pkg-config --cflags --libs mcps) -o cxx
	LD_LIBRARY_PATH=$prefix/lib ./cxx

	$CC use.c $(pkg-config --cflags mcps) $(static mcps) -o static
	./static
	! needs_library static
}

# A program that was built against 0.1.0 needs libraries with another soname: it
# must not load, since most names and all numbers of statuses have changed.
# refuses_old LIBRARY
refuses_old() {
	soname=$(readelf -d "$prefix/lib/lib$1.so" |
		sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
	[ "$soname" = "lib$1.so.1" ] || {
		echo "lib$1.so has the soname $soname"
		exit 1
	}
	mkdir -p old
	echo 'const char *mcps_status_text(int status);
		const char *mcps_status_text(int status) { return status ? "" : "old"; }' |
		$CC -x c -shared -fPIC -Wl,-soname,"lib$1.so.0" - -o "old/lib$1.so"
	echo 'const char *mcps_status_text(int status);
		int main(void) { return mcps_status_text(0) == 0; }' |
		$CC -x c - -Lold -Wl,--no-as-needed "-l$1" -o "old/use-$1"
	if said=$(LD_LIBRARY_PATH=$prefix/lib "old/use-$1" 2>&1); then
		echo "a program that needs lib$1.so.0 runs"
		exit 1
	fi
	case $said in
	*"lib$1.so.0"*) ;;
	*) echo "$said" && exit 1 ;;
	esac
}

# shellcheck disable=SC2046
try_example() {
	$CC "$1" $(pkg-config --cflags --libs mcps-app json-c) -o example
	LD_LIBRARY_PATH=$prefix/lib ./example --version

	$CC "$1" $(pkg-config --cflags mcps-app) $(static mcps-app) \
		$(pkg-config --libs json-c) -o example-static
	./example-static --version
	! needs_library example-static
}

# In C++, without the macros of C11.
# shellcheck disable=SC2046
try_tool() {
	$CXX -std=c++11 -Wall -Wextra -Wpedantic -Werror "$here/tool.cc" \
		$(pkg-config --cflags --libs mcps-app) -o tool
	LD_LIBRARY_PATH=$prefix/lib ./tool --check --listen 127.0.0.1:0
}

# With the header for C++17, shared and static.
# shellcheck disable=SC2046
try_mount() {
	for standard in c++17 c++20; do
		$CXX -std=$standard -Wall -Wextra -Wpedantic -Werror "$1" \
			$(pkg-config --cflags --libs mcps libmicrohttpd) \
			-o mount-cxx
	done
	needs_library mount-cxx
	$CXX -std=c++17 "$1" $(pkg-config --cflags mcps) $(static mcps) \
		-o mount-cxx-static
	! needs_library mount-cxx-static
}

try
refuses_old mcps
refuses_old mcps-app
try_tool
[ ! -e "$examples/mount_lambda.cpp" ] ||
	try_mount "$examples/mount_lambda.cpp"
[ ! -e "$examples/hello.c" ] || try_example "$examples/hello.c"
