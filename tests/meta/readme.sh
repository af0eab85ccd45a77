#!/bin/sh
# The C and C++ in the README and in the guide for mounting is C that is compiled: the
# README's first block is examples/hello.c, any other stands in an example.
cd "${top_srcdir:-.}" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# stands_in BLOCK FILE: its lines follow each other there.
stands_in() {
	awk '
		{ sub(/[ \t]+$/, "") }
		FNR == NR { block[++count] = $0; next }
		{ file[++lines] = $0 }
		END {
			for (at = 0; at + count <= lines; at++) {
				for (i = 1; i <= count; i++)
					if (file[at + i] != block[i])
						break
				if (i > count)
					exit 0
			}
			exit 1
		}' "$1" "$2"
}

for page in README.md docs/MOUNT-GUIDE.md; do
	awk -v to="$work/$(basename "$page")" '
		/^```c(pp)?$/ { inside = 1; block++; next }
		/^```$/ { inside = 0 }
		inside { print >(to "." block) }' "$page"
done

diff "$work/README.md.1" examples/hello.c || {
	echo "README.md and examples/hello.c differ"
	bad=1
}
for block in "$work"/*; do
	found=
	for example in examples/*.c examples/*.cpp; do
		! stands_in "$block" "$example" || found=$example
	done
	[ -n "$found" ] || {
		echo "$(basename "${block%.*}"): in no example stands"
		cat "$block"
		bad=1
	}
done
exit $bad
