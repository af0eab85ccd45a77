#!/bin/sh
# Each public struct that begins with its size is read by the one helper, and
# tests/functional/test_sized_structs.c tries it.
set -u
cd "${top_srcdir:-.}" || exit 1
test=tests/functional/test_sized_structs.c
bad=0

# The names of the structs whose first member is "size_t size".
sized() {
	cat include/mcps/*.h include/mcps/sys/*.h | awk '
	/^(typedef )?struct mcps_[a-z_]+ \{/ {
		sub(/^typedef /, "")
		name = $2
		getline
		if ($0 ~ /^[ \t]*size_t size;/)
			print name
	}'
}

names=$(sized)
[ "$(echo "$names" | wc -l)" -ge 10 ] || {
	echo "only these structs were found: $names"
	bad=1
}
for name in $names; do
	grep -q "\<$name\>" "$test" || {
		echo "$test does not try $name"
		bad=1
	}
done

# Nobody compares sizes by hand.
if grep -nE -- '->size *(==|!=|<=|>=|<|>) *sizeof' lib/*/*.c; then
	echo 'use mcps_sized_copy() of <mcps/sys/sized.h>'
	bad=1
fi
exit $bad
