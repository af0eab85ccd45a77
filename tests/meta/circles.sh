#!/bin/sh
# No two files of the library call each other in a circle, except those that
# docs/ARCHITECTURE.md lists under "Circles", each with a reason. A circle that
# is listed and no longer there fails the test, too.
#
# What calls what is read from the object files: a file calls another one if it
# uses a symbol that the other one defines.
set -u
build=${top_builddir:-.}
top=${top_srcdir:-.}
list=$top/docs/ARCHITECTURE.md

# objects: the object file of each source of the library. Objects of sources
# that were removed may still lie in the build directory.
objects() {
	(cd "$top" && echo lib/*/*.c) | tr ' ' '\n' | while read -r source; do
		folder=$build/${source%/*}
		name=${source##*/}
		object=$folder/.libs/${name%.c}.o
		[ -e "$object" ] || object=$folder/${name%.c}.o
		echo "$object"
	done
}

# listed: the circles of the list, one a line. Each is an item between the
# heading "Circles" and the next heading; it begins with its files, in
# backquotes and on one line, and a colon.
# shellcheck disable=SC2016 # backquotes are those of the document
listed() {
	awk '/^#/ { inside = /^#+ Circles$/ } inside' "$list" | sed -n \
		's/^\* \(`[^:]*`\):.*/\1/p' | tr -d '`,'
}

files=$(objects)
for file in $files; do
	[ -e "$file" ] || {
		echo "$file was not built"
		exit 77
	}
done

# shellcheck disable=SC2086 # a list of words
{
	listed | sed 's/^/listed /'
	${NM:-nm} -A -g $files
} | awk '
# sorted(TEXT): its words in order.
function sorted(text, words, count, i, j, word, out) {
	count = split(text, words, " ")
	for (i = 2; i <= count; i++) {
		word = words[i]
		for (j = i - 1; j > 0 && words[j] > word; j--)
			words[j + 1] = words[j]
		words[j + 1] = word
	}
	for (i = 1; i <= count; i++)
		out = out (i > 1 ? " " : "") words[i]
	return out
}

# The algorithm of Tarjan: visit(FILE) finds the circle that FILE is in.
function visit(file, i, count, called, other, circle, size) {
	number[file] = low[file] = ++visited
	stack[++height] = file
	is_open[file] = 1
	count = split(calls[file], called, " ")
	for (i = 1; i <= count; i++) {
		other = called[i]
		if (!(other in number)) {
			visit(other)
			if (low[other] < low[file])
				low[file] = low[other]
		} else if (other in is_open && number[other] < low[file])
			low[file] = number[other]
	}
	if (low[file] != number[file])
		return
	do {
		other = stack[height--]
		delete is_open[other]
		circle = circle " " other
		size++
	} while (other != file)
	if (size > 1)
		found[sorted(circle)] = 1
}

# explain(CIRCLE): which file calls which, and by what.
function explain(circle, words, count, i, j, pair) {
	count = split(circle, words, " ")
	for (i = 1; i <= count; i++)
		for (j = 1; j <= count; j++) {
			pair = words[i] " " words[j]
			if (pair in by)
				print "    " words[i] " calls " words[j] ":" \
					by[pair]
		}
}

/^listed / {
	sub(/^listed /, "")
	listed[sorted($0)] = 1
	next
}

{
	file = $1
	sub(/:.*/, "", file)
	sub(/^.*lib\//, "", file)
	sub(/\.libs\//, "", file)
	sub(/\.o$/, "", file)
	files[file] = 1
	if ($(NF - 1) == "U")
		uses[file] = uses[file] " " $NF
	else if (!($NF in definer))
		definer[$NF] = file
	symbols++
}

END {
	if (symbols == 0) {
		print "nm finds no symbols in the object files"
		exit 77
	}
	for (file in files) {
		count = split(uses[file], used, " ")
		for (i = 1; i <= count; i++) {
			other = definer[used[i]]
			if (other == "" || other == file)
				continue
			pair = file " " other
			if (!(pair in by))
				calls[file] = calls[file] " " other
			by[pair] = by[pair] " " used[i]
		}
	}
	for (file in files)
		if (!(file in number))
			visit(file)
	for (circle in found)
		if (!(circle in listed)) {
			print "a circle that is not listed: " circle
			explain(circle)
			bad = 1
		}
	for (circle in listed)
		if (!(circle in found)) {
			print "listed, but no circle any more: " circle
			bad = 1
		}
	exit bad
}'
