#!/bin/sh
# Includes go downward only, and only the edge knows the library it wraps.
# lib/app is a shared library of its own, for which the names of the layers
# below are hidden: it knows them by public headers alone.
#
#   <microhttpd.h>   lib/mhd/
#   <sqlite3.h>      lib/store/sqlite*
#   <json-c/...>     anywhere in lib/, never in a public header: these say
#                    "struct json_object;"
set -u
cd "${top_srcdir:-.}" || exit 1
bad=0

complain() {
	echo "$*"
	bad=1
}

# includes OPEN FILE: the names that FILE includes with OPEN ('"' or '<').
includes() {
	sed -n "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*$1\([^\">]*\)[\">].*|\1|p" "$2"
}

check_order() {
	below=' '
	for layer in $(script/sources --layers); do
		below="$below$layer "
		[ "$layer" != app ] || below=' app '
		for file in lib/"$layer"/*.[ch]; do
			[ -e "$file" ] || continue
			for header in $(includes '"' "$file"); do
				case "$header,$below" in
				config.h,*) ;;
				*/*,*" ${header%%/*} "*) ;;
				*) complain "$file: $header is not in or below $layer/" ;;
				esac
			done
		done
	done
}

# check_apart LAYER OTHER: neither includes the other.
check_apart() {
	for file in lib/"$1"/*.[ch]; do
		! includes '"' "$file" | grep -q "^$2/" ||
			complain "$file: $1/ and $2/ do not know each other"
	done
}

# check_edge HEADER WHERE...: only files that match WHERE may include HEADER.
check_edge() {
	header=$1
	shift
	for file in lib/*/*.[ch] include/mcps/*.h include/mcps/sys/*.h; do
		[ -e "$file" ] || continue
		includes '<' "$file" | grep -q "^$header" || continue
		for allowed; do
			# shellcheck disable=SC2254 # it is a pattern
			case $file in $allowed) continue 2 ;; esac
		done
		complain "$file: <$header> has no business here"
	done
}

check_order
check_apart stream catalog
check_apart catalog stream
check_edge microhttpd.h 'lib/mhd/*'
check_edge sqlite3.h 'lib/store/sqlite*'
check_edge json-c/ 'lib/*'
check_edge json.h
exit $bad
