#!/bin/sh
# Run COMMAND on a copy of this tree in another Debian than this machine's.
#
#   tests/debian/run.sh SUITE ARCHITECTURE COMMAND [ARG...]
#
# Its root file system is made of Debian's packages (MCPS_DEBIAN_MIRROR says
# from where) and kept in build-test/debian/. The packages that the build and
# the C tests need are installed there. Where this cannot be done, ends with 77
# and a line "skipped", with the reason.
set -eu
suite=$1
architecture=$2
shift 2
cd "$(dirname "$0")/../.."
mirror=${MCPS_DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=$PWD/build-test/debian/$suite-$architecture
# What a kernel of 64 bits tells there about itself is of 32.
personality=
[ "$architecture" != i386 ] || personality=linux32

skip() {
	echo "skipped $suite $architecture: $*"
	exit 77
}

# inside COMMAND...: in the root file system, with mounts of its own.
inside() {
	# shellcheck disable=SC2016,SC2086 # the inner shell expands them; a word
	unshare --mount sh -c '
		mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
			cp /etc/resolv.conf "$1/etc/resolv.conf" &&
			exec chroot "$@"' sh "$root" $personality env \
		DEBIAN_FRONTEND=noninteractive "JOBS=${JOBS:-$(nproc)}" "$@"
}

make_root() {
	rm -rf "$root" && mkdir -p "$root" &&
		debootstrap --arch="$architecture" --variant=minbase \
			--include=ca-certificates "$suite" "$root" "$mirror" >&2 &&
		inside apt-get -qq update
}

copy_tree() {
	rm -rf "$root/mcps"
	mkdir -p "$root/mcps"
	tar -c --exclude=./.git --exclude='./build*' --exclude=node_modules \
		--exclude=./configure --exclude=./Makefile.in . |
		tar -x -C "$root/mcps"
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount true 2>/dev/null || skip "this root cannot mount"
curl -sfI -m 20 "$mirror/dists/$suite/Release" >/dev/null ||
	skip "$mirror does not answer"
if [ ! -e "$root.made" ]; then
	make_root || skip "its root file system could not be made"
	touch "$root.made"
fi
copy_tree
inside sh -c 'cd /mcps && script/bootstrap --c-tests'
# shellcheck disable=SC2016
inside sh -c 'cd /mcps && exec "$@"' sh "$@"
