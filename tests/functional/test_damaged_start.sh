#!/bin/sh
# What the program says of a damaged store, and with which exit code.
set -eu
demo=${MCPS_DEMO:-${top_builddir:-.}/demo-server/mcps-demo}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

# expect CODE WORDS ARGUMENT...: it ends so, and says so.
expect() {
	code=$1
	words=$2
	shift 2
	ended=0
	timeout 20 "$demo" --listen 127.0.0.1:0 "$@" >"$work/log" 2>&1 ||
		ended=$?
	if [ "$ended" -ne "$code" ] || ! grep -q -e "$words" "$work/log"; then
		echo "exit code $ended, not $code, or not \"$words\":"
		cat "$work/log"
		exit 1
	fi
}

store=sqlite:$work/test.db
echo 'not a database at all, and long enough to be looked at' >"$work/test.db"
cp "$work/test.db" "$work/before"
expect 78 '--on-corrupt=quarantine' --store "$store"
expect 78 '--on-corrupt=quarantine' --store "$store" --on-corrupt refuse
cmp "$work/before" "$work/test.db"
expect 64 'on-corrupt' --store "$store" --on-corrupt=whatever
expect 64 'on-corrupt' --store "$store" --on-corrupt

"$demo" --listen 127.0.0.1:0 --store "$store" --on-corrupt=quarantine \
	2>"$work/log" &
server=$!
tries=0
until grep -q 'http://127' "$work/log"; do
	tries=$((tries + 1))
	if [ "$tries" -gt 500 ] || ! kill -0 "$server"; then
		cat "$work/log"
		exit 1
	fi
	sleep 0.02
done
grep -q 'set aside' "$work/log"
cmp "$work/before" "$work"/test.db.corrupt-*
