#!/bin/sh
# Variables and options that packaging and documentation name are the
# program's, and image and units are of this version.
set -u
cd "${top_srcdir:-.}" || exit 1
demo=${top_builddir:-.}/demo-server/mcps-demo
bad=0
help=$("$demo" --help) || exit 1

complain() {
	echo "$*"
	bad=1
}

for file in packaging/Dockerfile packaging/compose.yaml docs/OPERATING.md \
	README.md tests/container/*.mjs; do
	for name in $(grep -o '\bMCPS_[A-Z_]*[A-Z]\b' "$file" | sort -u); do
		# Names of the library and of our tests are in the same name space.
		case $name in
		MCPS_UNKNOWN_* | MCPS_FIELD* | MCPS_E_* | MCPS_ON_CORRUPT_* | \
			MCPS_OK | MCPS_DEMO | MCPS_CONTAINER_ENGINE) continue ;;
		esac
		echo "$help" | grep -q "\b$name\b" ||
			complain "$file: mcps-demo knows no $name"
	done
done
# shellcheck disable=SC2016 # backquotes are Markdown's
for option in $(grep -oh '`--[a-z-]*' docs/OPERATING.md README.md |
	tr -d '`' | sort -u); do
	echo "$help" | grep -q -e " $option\b" ||
		grep -q -e "--$option\b" configure.ac ||
		case $option in --with-systemdsystemunitdir) ;; *) false ;; esac ||
		complain "mcps-demo has no $option"
done
version=$(sed -n 's/^AC_INIT(\[mcps\], \[\(.*\)\])$/\1/p' configure.ac)
grep -qF "image.version=\"$version\"" packaging/Dockerfile ||
	complain "packaging/Dockerfile: not version $version"
exit $bad
