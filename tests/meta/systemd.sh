#!/bin/sh
# The tree that "make install DESTDIR=" installs is complete: no placeholder is
# left in any file, systemd understands the installed units and finds the
# program that they start, nothing is exposed that a server of sessions does not
# need, and the program would start with what the unit says. No placeholder is
# left in what is distributed, either.
set -u
build=$(cd "${top_builddir:-.}" && pwd)
most=15 # tenths: 1.5 of 10
unit=mcps-demo.service
socket=mcps-demo.socket
units=/usr/lib/systemd/system

command -v systemd-analyze >/dev/null || {
	echo "systemd-analyze is not installed (Debian: systemd)"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
bad=0

complain() {
	echo "$*"
	bad=1
}

# The source as it is distributed: it is configured anew, which a tree that is
# built in place does not allow.
source=$work/source
make -s -C "$build" distdir distdir="$source" >"$work/log" 2>&1 || {
	tail -n 20 "$work/log"
	echo "make distdir failed"
	exit 1
}
chmod -R u+w "$source"

# no_placeholders DIRECTORY [GREP-OPTION...]: no file in it has a name between
# two of these signs.
no_placeholders() {
	where=$1
	shift
	left=$(grep -rnIE "$@" '@[A-Za-z_]+@' "$where")
	[ -z "$left" ] || complain "placeholders are left:
$left"
}

# install_into NAME TARGET CONFIGURE-ARGUMENT...: configure in a directory of its
# own, and make TARGET into $root.
install_into() {
	directory=$work/$1
	root=$directory/root
	target=$2
	shift 2
	mkdir "$directory"
	(
		cd "$directory" || exit 1
		"$source/configure" --quiet --disable-shared CC="${CC:-cc}" \
			CFLAGS=-O0 --with-systemdsystemunitdir=$units "$@" &&
			make -s -j2 "$target" DESTDIR="$root"
	) >"$root.log" 2>&1 || {
		tail -n 20 "$root.log"
		echo "make $target failed"
		exit 1
	}
}

# starts PROGRAM: the unit of $root starts that one.
starts() {
	begins="ExecStart=$1 "
	grep -q "^$begins" "$root$units/$unit" || complain \
		"$unit has no $begins: $(grep '^ExecStart' "$root$units/$unit")"
}

# Beside what configure and make replace, and the tools that do so.
no_placeholders "$source" --exclude='*.in' --exclude='*.am' \
	--exclude='*.ac' --exclude='*.m4' --exclude=configure \
	--exclude-dir=build-aux

# An own prefix, and programs in a directory of their own: all is installed.
program=/opt/mcps/libexec/bin/mcps-demo
install_into own install --prefix=/opt/mcps --bindir="${program%/*}"
no_placeholders "$root"
starts $program

# systemd looks into $root alone, so the targets of this machine go there, too.
for targets in $units /lib/systemd/system; do
	[ ! -e $targets/sysinit.target ] ||
		cp $targets/*.target "$root$units" || exit 1
done
systemd-analyze verify --man=no --root="$root" $unit $socket ||
	complain "systemd does not understand the units"
systemd-analyze security --no-pager --offline=true --threshold=$most \
	--root="$root" $unit >"$work/report" 2>&1 || {
	grep -v '^✓' "$work/report"
	bad=1
}
tail -n 1 "$work/report"

# With the arguments of the unit, and systemd's directories in place, the program
# knows each option and would start.
mkdir -m 700 "$work/state" "$work/state/mcps-demo" "$work/credentials"
(
	umask 077
	echo "current 8c$(printf '%062d' 0)" >"$work/credentials/key"
	echo "$(printf secret | sha256sum | cut -d' ' -f1) ada" \
		>"$work/credentials/tokens"
)
arguments=$(sed -n 's/^ExecStart=[^ ]* //p' "$root$units/$unit" |
	sed "s,%S,$work/state,g; s,%d,$work/credentials,g")
# shellcheck disable=SC2086 # words
if ! "$root$program" $arguments --check --listen 127.0.0.1:0 \
	>"$work/check" 2>&1; then
	cat "$work/check"
	complain "the program would not start with: $arguments"
fi

# The usual prefix, from which the directory of programs follows.
install_into usual install-data --prefix=/usr
no_placeholders "$root"
starts /usr/bin/mcps-demo
exit $bad
