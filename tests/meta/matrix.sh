#!/bin/sh
# docs/SPEC-MATRIX.md names files, tests and coming versions that there are,
# and each requirement once.
set -u
cd "${top_srcdir:-.}" || exit 1
matrix=docs/SPEC-MATRIX.md
bad=0

complain() {
	echo "$matrix: $*"
	bad=1
}

# has_test FILE NAME: of a .mjs the name is a sentence in double quotes.
has_test() {
	case $1 in
	*.c) grep -qx "START_TEST($2)" "$1" ;;
	*)
		sentence=${2#\"} && sentence=${sentence%\"}
		grep -qF -e "test('$sentence'," -e "test(\"$sentence\"," "$1"
		;;
	esac
}

check_tests() {
	while IFS= read -r entry; do
		has_test "${entry%%: *}" "${entry#*: }" 2>/dev/null ||
			complain "there is no test $entry"
	done
}

check_files() {
	while read -r file; do
		[ -e "$file" ] || complain "there is no $file"
	done
}

check_versions() {
	while read -r version; do
		sed '/^## /,$d' $matrix | tr '\n' ' ' | tr -s ' ' |
			grep -qF "*$version*" ||
			complain "no coming version is named $version"
	done
}

# What stands between backquotes, a line each.
quoted() {
	tr '\n' ' ' <$matrix | tr '`' '\n' | sed -n 'n;p' | sort -u
}

# What does not, in the tables.
plain() {
	# shellcheck disable=SC2016 # these are Markdown's
	sed -n '/^|/s/`[^`]*`//gp' $matrix
	grep '^|' $matrix | grep -v '`'
}

# Not in pipelines: these would lose $bad.
list=$(mktemp)
trap 'rm -f "$list"' EXIT

quoted | grep '^tests/.*: ' >"$list"
[ -s "$list" ] || complain "it names no test"
check_tests <"$list"

quoted | grep -E '^(docs|include|lib|tests)/[^ :]*$' >"$list"
check_files <"$list"

plain | sed -n 's/.*later: \([^|)]*[^ |)]\).*/\1/p' | sort -u >"$list"
check_versions <"$list"

sed -n 's/^| \([A-Z][0-9][^ ]*\) .*/\1/p' $matrix | sort | uniq -d >"$list"
[ ! -s "$list" ] || complain "more than once: $(tr '\n' ' ' <"$list")"

exit $bad
