#!/bin/sh
# The examples of existing programs serve their own pages, and sessions that
# outlive a kill -9 and a stop.
set -eu
. "${top_srcdir:-.}/tests/functional/example.sh"

# start [ARGUMENT...]
start() {
	: >"$work/log" # the one before must not be taken for this one
	"$build/examples/$program" 0 "sqlite:$work/$program.db" "$@" \
		2>"$work/log" &
	server=$!
	wait_for 'http://.*/mcp'
	url=$(grep -o 'http://.*/mcp' "$work/log")
}

initialized='{"jsonrpc":"2.0","method":"notifications/initialized"}'

# connect: a session, as clients begin one.
connect() {
	begin 2025-06-18
	[ "$(ask "$initialized")" = 202 ] || fail "initialized is not 202"
}

# call TOOL [ARGUMENTS]
call() {
	arguments=${2:-}
	echo '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{
		"name":"'"$1"'","arguments":'"${arguments:-{\}}"'}}'
}

program=mount
start
connect
expect 200 'for 1 times' "$(call visits)"
curl -sS -m 20 "${url%/mcp}/" | grep -q 'Hello, visitor' || fail "no page"
stop KILL 137
start
expect 200 'for 2 times' "$(call visits)"
stop TERM 0
start
expect 200 'for 3 times' "$(call visits)"
[ "$(ask '' -X DELETE)" = 204 ] || fail "not ended"
expect 404 mcp_session_terminated "$(call visits)"
stop TERM 0

# The same in C++, where there is a compiler for it.
if [ -x "$build/examples/mount_lambda" ]; then
	program=mount_lambda
	start
	connect
	expect 200 '0 visits, asked for 1 times' "$(call visits)"
	curl -sS -m 20 "${url%/mcp}/" | grep -q 'Hello, visitor' ||
		fail "no page"
	stop KILL 137
	start
	expect 200 '0 visits, asked for 2 times' "$(call visits)"
	expect 200 'Hello, ann! Hello, ann!' \
		"$(call greet '{"name":"ann","times":2}')"
	expect 200 '"isError":true' "$(call greet '{"name":"nobody"}')"
	expect 200 'at most 10' "$(call greet '{"name":"ann","times":11}')"
	[ "$(ask '' -X DELETE)" = 204 ] || fail "not ended"
	stop TERM 0
else
	echo "mount_lambda was not built: no C++ compiler, so it is not tried"
fi

program=mount_loop
start 2 # connections at once
connect
expect 200 '0 visits' "$(call visits)"
stop KILL 137
start 2
pages=
for _ in 1 2 3 4 5 6 7 8; do
	curl -sS -m 20 -o "$work/page" "${url%/mcp}/" 2>>"$work/answer" &
	pages="$pages $!"
done
for page in $pages; do
	wait "$page" || fail "a page was not served"
done
expect 200 '8 visits' "$(call visits)"
[ "$(ask '' -X DELETE)" = 204 ] || fail "not ended"
stop TERM 0

program=admit
start
connect
expect 200 ', created' "$(call session)"
stop KILL 137
start
expect 200 ', restored' "$(call session)"
expect 200 32601 '{"jsonrpc":"2.0","id":3,"method":"nothing"}'
expect 400 32700 '{'
[ "$(ask '' -X GET)" = 405 ] || fail "GET is not 405"
[ "$(ask '' -X DELETE)" = 204 ] || fail "not ended"
expect 404 mcp_session_terminated "$(call session)"
stop TERM 0
start
expect 404 mcp_session_terminated "$(call session)"
id=
expect 400 'Session id required' "$(call session)"
stop TERM 0
