#!/bin/sh
# Unpack the libraries of this machine's Debian for another processor.
#
#   tests/debian/sysroot.sh ARCHITECTURE
#
# Prints the directory, below build-test/debian/, where the libraries and their
# headers are: for a cross compiler's --sysroot, and for the option -L of an
# emulator of user programs. Nothing in it runs until then. The packages come
# from MCPS_DEBIAN_MIRROR. Where this cannot be done, ends with 77 and a line
# "skipped", with the reason.
set -eu
architecture=$1
cd "$(dirname "$0")/../.."
mirror=${MCPS_DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
root=$PWD/build-test/debian/$suite-$architecture-libraries
libraries=libmicrohttpd-dev,libjson-c-dev,libsqlite3-dev,libsodium-dev,uthash-dev,check

skip() {
	echo "skipped $suite $architecture: $*"
	exit 77
}

# The first stage of debootstrap only fetches most packages.
make_root() {
	rm -rf "$root" && mkdir -p "$root" &&
		debootstrap --foreign --arch="$architecture" --variant=minbase \
			--include="$libraries" "$suite" "$root" "$mirror" >&2 &&
		for package in "$root"/var/cache/apt/archives/*.deb; do
			dpkg-deb -x "$package" "$root" || return 1
		done
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
curl -sfI -m 20 "$mirror/dists/$suite/Release" >/dev/null ||
	skip "$mirror does not answer"
if [ ! -e "$root.made" ]; then
	make_root || skip "its libraries could not be had"
	touch "$root.made"
fi
echo "$root"
