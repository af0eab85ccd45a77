#!/bin/sh
# systemd understands our units, and finds nothing exposed that a server of
# sessions does not need.
set -u
cd "${top_srcdir:-.}" || exit 1
build=$(cd "${top_builddir:-.}" && pwd)
most=15 # tenths: 1.5 of 10

command -v systemd-analyze >/dev/null || {
	echo "systemd-analyze is not installed (Debian: systemd)"
	exit 77
}
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
sed "s|@bindir@|$build/demo-server|" packaging/systemd/mcps-demo.service.in \
	>"$units/mcps-demo.service"
cp packaging/systemd/mcps-demo.socket "$units"

bad=0
said=$(systemd-analyze verify --man=no "$units/mcps-demo.service" \
	"$units/mcps-demo.socket" 2>&1) || bad=1
# What it does not know, it says, and goes on.
said=$(echo "$said" | grep -F "$units")
[ -z "$said" ] || {
	echo "$said"
	bad=1
}
systemd-analyze security --no-pager --offline=true --threshold="$most" \
	"$units/mcps-demo.service" >"$units/report" 2>&1 || bad=1
tail -n 1 "$units/report"
[ "$bad" -eq 0 ] || grep -v '^✓' "$units/report"

# What the unit says to the program, the program knows.
options=$(sed -n 's/^ExecStart=[^ ]* //p' "$units/mcps-demo.service" |
	tr ' ' '\n' | grep '^--')
for option in $options; do
	"$build/demo-server/mcps-demo" --help | grep -q -e " $option " || {
		echo "mcps-demo has no $option"
		bad=1
	}
done
exit $bad
