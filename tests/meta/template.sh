#!/bin/sh
# packaging/template is for servers that are not the demo: systemd understands the
# unit, a program would start with what it says, the Dockerfile's commands are
# those of the README, and its paths and options exist.
set -u
cd "${top_srcdir:-.}" || exit 1
build=$(cd "${top_builddir:-.}" && pwd)
demo=$build/demo-server/mcps-demo
image=packaging/template/Dockerfile
unit=packaging/template/my-server.service
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

complain() {
	echo "$*"
	bad=1
}

command -v systemd-analyze >/dev/null || {
	echo "systemd-analyze is not installed (Debian: systemd)"
	exit 77
}

# The unit, with a program and paths that are there.
mkdir "$work/bin"
printf '#!/bin/sh\n' >"$work/bin/my-server"
chmod +x "$work/bin/my-server"
sed "s,/usr/local/bin/my-server,$work/bin/my-server," "$unit" \
	>"$work/my-server.service"
systemd-analyze verify "$work/my-server.service" >"$work/said" 2>&1 || {
	cat "$work/said"
	complain "systemd does not understand $unit"
}

# Its options are those of any program of mcps_main().
options=$(sed -n 's,^ExecStart=[^ ]*,,p' "$unit" |
	sed "s,%S/my-server,$work,g; s,%d/key,$work/key,g; s/:8931/:0/")
# shellcheck disable=SC2086 # words
"$demo" --check $options >"$work/said" 2>&1 || {
	cat "$work/said"
	complain "$unit: its options are refused"
}
help=$("$demo" --help)
for name in $(grep -o '\bMCPS_[A-Z]*\b' "$image" | grep -vx MCPS_DB); do
	echo "$help" | grep -q "\b$name\b" ||
		complain "$image: a program knows no $name"
done

# Nothing of the demo, and each command as in the README.
! grep -n 'mcps-demo' "$image" "$unit" || complain "the template is the demo's"
for words in 'mcps/script/bootstrap --build' 'mcps/script/build ' \
	'pkg-config --cflags --libs mcps-app json-c' 'ldconfig'; do
	grep -qF "$words" "$image" || complain "$image: no $words"
done
packages=$(sed -n 's/^[[:space:]]*\(lib[a-z0-9 -]*\) \\$/\1/p' "$image")
[ "$packages" = "$(sed -n 's/^[[:space:]]*\(lib[a-z0-9 -]*\) \\$/\1/p' \
	packaging/Dockerfile)" ] || complain "$image: other packages than the demo's"
exit $bad
