#!/bin/sh
# Do what README.md says under "Install", line by line, in a copy of the source
# tree: into a folder below $HOME, and into /usr/local. Then remove it again,
# and look what is left. And run script/server in a tree that was configured.
#
#   tests/install/readme.sh
#
# /usr/local and /etc are replaced for this process alone, which needs root.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" = --local ]; then # started by ourselves
	work=$2
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
export HOME="$work/home"
mkdir -p "$HOME" "$work/source" "$work/bin"

# block NUMBER: the lines of that block of commands.
block() {
	awk -v wanted="$1" '
		/^## / { here = $2 == "Install" }
		here && /^```sh$/ { inside = 1; count++; next }
		/^```$/ { inside = 0 }
		inside && count == wanted' "$top/README.md"
}

# left DIRECTORY: files, and folders that are ours.
left() {
	find "$1" -mindepth 1 \( ! -type d -o -name mcps \) -print
}

# As it is checked out: without what was built, or made to build.
copy_tree() {
	(cd "$top" && tar -cf - --exclude=./build --exclude='./build-*' \
		--exclude=node_modules --exclude=./.git --exclude=./config.status \
		--exclude=./configure --exclude=./Makefile \
		--exclude=./Makefile.in --exclude=./aclocal.m4 \
		--exclude='*.o' --exclude='*.lo' .) |
		tar -xf - -C "$work/source"
	cp "$top/examples/hello.c" "$work/source/hello.c"
}

# The output of make matters only when it fails.
quietly() {
	"$@" >"$work/log" 2>&1 || {
		tail -n 40 "$work/log"
		exit 1
	}
}

# Root needs no sudo, and may have none.
if ! command -v sudo >/dev/null; then
	printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
	chmod +x "$work/bin/sudo"
	PATH=$work/bin:$PATH
fi

uninstall() {
	make -s -C build-install uninstall >/dev/null
	rest=$(left "$1")
	[ -z "$rest" ] || {
		echo "make uninstall left:"
		echo "$rest"
		exit 1
	}
}

own_prefix() {
	block 1 >"$work/own.sh"
	grep -q 'make -C build-install install' "$work/own.sh"
	cd "$work/source"
	quietly sh -eu "$work/own.sh"
	./hello --version
	uninstall "$HOME/mcps"
	echo "own prefix: works, and leaves nothing"
}

# usr_local, within namespaces of its own.
usr_local() {
	mkdir -p "$work/etc"
	mount -t tmpfs tmpfs /usr/local
	mount -t tmpfs tmpfs "$work/etc"
	mkdir "$work/etc/upper" "$work/etc/work"
	mount -t overlay overlay -o \
		"lowerdir=/etc,upperdir=$work/etc/upper,workdir=$work/etc/work" /etc
	unset PKG_CONFIG_PATH
	block 2 >"$work/local.sh"
	cd "$work/source"
	rm -f hello
	quietly sh -eu "$work/local.sh"
	./hello --version
	uninstall /usr/local
}

# A demo server of a tree in which ./configure was run.
beside_in_tree_build() {
	cd "$work/source"
	rm -rf build-install
	[ -e configure ] || autoreconf -fi >/dev/null 2>&1
	./configure --disable-shared >/dev/null
	script/server --version
	script/server --version
	[ ! -e build ]
	if script/build build-other 2>"$work/said"; then
		echo "script/build built beside a tree that is configured"
		exit 1
	fi
	grep -q 'make distclean' "$work/said"
	echo "script/server works beside an in-tree build"
}

if [ "${1:-}" = --local ]; then
	usr_local
	exit
fi
copy_tree
own_prefix
if unshare -m true 2>/dev/null; then
	unshare -m --propagation private sh "$0" --local "$work"
	echo "/usr/local: works, and leaves nothing"
else
	echo "skipped /usr/local: needs root"
fi
beside_in_tree_build
