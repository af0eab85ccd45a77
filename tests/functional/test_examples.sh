#!/bin/sh
# The examples of existing programs serve their own pages, and sessions that
# outlive a kill -9 and a stop.
set -eu
build=${top_builddir:-.}
command -v curl >/dev/null || {
	echo "curl is not installed"
	exit 77
}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$work"' EXIT

fail() {
	echo "$program: $*"
	cat "$work"/log "$work"/answer 2>/dev/null
	exit 1
}

# start [ARGUMENT...]
start() {
	: >"$work/log" # the one before must not be taken for this one
	"$build/examples/$program" 0 "sqlite:$work/$program.db" "$@" \
		2>"$work/log" &
	server=$!
	tries=0
	until url=$(grep -o 'http://.*/mcp' "$work/log"); do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || fail "says nothing"
		sleep 0.05
	done
}

# stop SIGNAL CODE
stop() {
	kill -"$1" "$server"
	ended=0
	wait "$server" || ended=$?
	server=
	[ "$ended" -eq "$2" ] || fail "exit code $ended after $1"
}

# ask BODY [ARGUMENT...]: the status; $work/answer has the body.
ask() {
	body=$1
	shift
	curl -sS -m 20 -o "$work/answer" -D "$work/head" -w '%{http_code}' \
		-H 'Content-Type: application/json' \
		-H 'Accept: application/json, text/event-stream' \
		${id:+-H "Mcp-Session-Id: $id"} ${body:+-d "$body"} "$@" "$url"
}

# expect STATUS WORDS BODY [ARGUMENT...]
expect() {
	wanted=$1
	words=$2
	shift 2
	status=$(ask "$@") || fail "no answer to $*"
	[ "$status" = "$wanted" ] || fail "$status, not $wanted, to $*"
	grep -q "$words" "$work/answer" || fail "no \"$words\" in the answer to $*"
}

initialize='{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
	"protocolVersion":"2025-06-18","capabilities":{},
	"clientInfo":{"name":"curl","version":"1"}}}'
initialized='{"jsonrpc":"2.0","method":"notifications/initialized"}'

# begin: a session, in $id.
begin() {
	id=
	expect 200 2025-06-18 "$initialize"
	id=$(sed -n 's/^Mcp-Session-Id: \(.*\)\r$/\1/p' "$work/head")
	[ -n "$id" ] || fail "initialize without an id"
	[ "$(ask "$initialized")" = 202 ] || fail "initialized is not 202"
}

call() {
	echo '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{
		"name":"'"$1"'","arguments":{}}}'
}

program=mount
start
begin
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

program=mount_loop
start 2 # connections at once
begin
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
begin
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
