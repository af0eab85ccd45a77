#!/bin/sh
# The program's messages about a damaged store, and its exit codes.
set -eu
demo=${MCPS_DEMO:-${top_builddir:-.}/demo-server/mcps-demo}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$work"' EXIT

# expect CODE WORDS ARGUMENT...: it ends so, and says so.
expect() {
	code=$1
	words=$2
	shift 2
	ended=0
	timeout 120 "$demo" --listen 127.0.0.1:0 "$@" >"$work/log" 2>&1 ||
		ended=$?
	if [ "$ended" -ne "$code" ] || ! grep -q -e "$words" "$work/log"; then
		echo "exit code $ended, not $code, or not \"$words\":"
		cat "$work/log"
		exit 1
	fi
}

# serve ARGUMENT...: it serves, and is stopped again.
serve() {
	: >"$work/log"
	"$demo" --listen 127.0.0.1:0 "$@" 2>"$work/log" &
	server=$!
	tries=0
	until grep -q 'http://127' "$work/log"; do
		tries=$((tries + 1))
		if [ "$tries" -gt 3000 ] || ! kill -0 "$server"; then
			cat "$work/log"
			exit 1
		fi
		sleep 0.02
	done
	kill "$server"
	wait "$server"
	server=
}

# everything: what the directory of the store holds: names, modes, sizes, times
# and bytes.
everything() {
	(cd "$work/state" && stat -c '%n %a %s %y' -- * && cat -- *)
}

# A file of somebody else, by a mistyped option: nothing of it changes.
mkdir -m 700 "$work/state"
notes=$work/state/notes.txt
echo 'not a database at all, and long enough to be looked at, and then some more' >"$notes"
chmod 664 "$notes"
before=$(everything)
for policy in refuse quarantine; do
	expect 78 'not an mcps store; nothing was changed' \
		--store "sqlite:$notes" --on-corrupt "$policy"
	expect 78 'FAIL  store .*not an mcps store' --check \
		--store "sqlite:$notes" --on-corrupt "$policy"
done
[ "$(everything)" = "$before" ] || {
	echo "changed:"
	everything
	exit 1
}
expect 64 'on-corrupt' --store "sqlite:$notes" --on-corrupt=whatever
expect 64 'on-corrupt' --store "sqlite:$notes" --on-corrupt
rm "$notes"

# A store of ours that lost its first page.
store=sqlite:$work/state/test.db
serve --store "$store"
echo 'not a database at all, and long enough to be looked at' \
	>"$work/state/test.db"
cp "$work/state/test.db" "$work/before"
expect 78 '--on-corrupt=quarantine' --store "$store"
expect 78 '--on-corrupt=quarantine' --store "$store" --on-corrupt refuse
expect 78 'FAIL  store .*first page' --check --store "$store"
cmp "$work/before" "$work/state/test.db"
serve --store "$store" --on-corrupt=quarantine
grep -q 'set aside' "$work/log"
cmp "$work/before" "$work"/state/test.db.corrupt-*
