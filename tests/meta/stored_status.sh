#!/bin/sh
# No number of a status is stored or sent: <mcps/status.h> numbers them in the
# order of its list, so that the same status has another number after an upgrade.
#
# What is stored passes through the rows of <mcps/sys/store.h>, the binding of
# values in lib/store/, key files and ids; what is sent is written by buffers.
set -u
cd "${top_srcdir:-.}" || exit 1
bad=0

# refuse WHY PATTERN FILE...: no line of them matches. plan->status is one of
# HTTP.
refuse() {
	why=$1
	pattern=$2
	shift 2
	if grep -nE -e "$pattern" "$@" /dev/null | grep -v 'plan->status'; then
		echo "$why"
		bad=1
	fi
}

# Lines of the structs of rows.
rows() {
	awk '/^struct mcps_[a-z_]+ \{/ && !/_ops/ { inside = 1 }
		inside { print FILENAME ": " $0 }
		/^\};/ { inside = 0 }' include/mcps/sys/store.h
}

[ "$(rows | grep -c 'struct mcps_.*_row {')" -ge 4 ] || {
	echo 'the structs of rows were not found'
	bad=1
}
if rows | grep 'mcps_status'; then
	echo 'a row of a store has a status'
	bad=1
fi

refuse 'a status is bound to a statement' \
	'(sqlite3_bind|mcps__query)[a-z0-9_]*\([^;]*\bstatus\b' lib/store/*.c
refuse 'a status is written as a number' \
	'add_(int|uint|u32|u64|i64)[a-z0-9_]*\([^;]*\bstatus\b' lib/*/*.c
refuse 'a status is made an integer' \
	'\((u?int[0-9]*_t|long|unsigned)\) ?\(?[a-z_.>-]*\bstatus\b' lib/*/*.c
exit $bad
