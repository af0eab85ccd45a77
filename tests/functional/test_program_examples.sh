#!/bin/sh
# The examples that mcps_main() makes programs of: options, hooks and log lines of
# their own, resources, structured results, an auth hook that answers later.
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

# wait_for WORDS: until the log has them.
wait_for() {
	tries=0
	until grep -q "$1" "$work/log"; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || fail "does not say $1"
		sleep 0.05
	done
}

# start [ARGUMENT...]
start() {
	: >"$work/log"
	"$build/examples/$program" --listen 127.0.0.1:0 --log-format json "$@" \
		2>"$work/log" &
	server=$!
	wait_for 'is ready'
	url=http://$(sed -n 's/.*listens=\([0-9.:]*\).*/\1/p' "$work/log")/mcp
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
	curl -sS -m 60 -o "$work/answer" -D "$work/head" -w '%{http_code}' \
		-H 'Content-Type: application/json' \
		-H 'Accept: application/json, text/event-stream' \
		${id:+-H "Mcp-Session-Id: $id"} \
		${token:+-H "Authorization: Bearer $token"} \
		-d "$body" "$@" "$url"
}

# expect STATUS WORDS BODY
expect() {
	status=$(ask "$3") || fail "no answer to $3"
	[ "$status" = "$1" ] || fail "$status, not $1, to $3"
	grep -q -e "$2" "$work/answer" || fail "no \"$2\" in the answer to $3"
}

begin() {
	id=
	expect 200 2025-11-25 '{"jsonrpc":"2.0","id":1,"method":"initialize",
		"params":{"protocolVersion":"2025-11-25","capabilities":{},
		"clientInfo":{"name":"curl","version":"1"}}}'
	id=$(sed -n 's/^Mcp-Session-Id: \(.*\)\r$/\1/p' "$work/head")
	[ -n "$id" ] || fail "initialize without an id"
}

call() {
	echo '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{
		"name":"'"$1"'","arguments":'"$2"'}}'
}

read_resource() {
	echo '{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{
		"uri":"'"$1"'"}}'
}

token=

# ---- options, hooks, log ----

program=program
"$build/examples/program" --help >"$work/answer"
for words in '^This program:$' '--notes FILE' 'append notes to this file' \
	'notes.txt; MCPS_NOTES' 'MCPS_MOST_NOTES' '--shout' '--listen'; do
	grep -q -e "$words" "$work/answer" || fail "--help lacks $words"
done

start --notes "$work/notes"
begin
expect 200 Noted "$(call note '{"text":"first"}')"
[ "$(cat "$work/notes")" = first ] || fail "no note"
wait_for "notes go to $work/notes, at most 100"
kill -HUP "$server"
wait_for "still writing to $work/notes"
stop TERM 0

# Flag, environment and file, in this order.
printf 'notes = %s\nmost-notes = 7\nshout = yes\n' "$work/of-file" >"$work/conf"
MCPS_NOTES=$work/of-environment
export MCPS_NOTES
start --config "$work/conf"
wait_for "notes go to $work/of-environment, at most 7"
begin
expect 200 NOTED "$(call note '{"text":"x"}')"
stop TERM 0
start --config "$work/conf" --notes "$work/of-flag" --shout=no
wait_for "notes go to $work/of-flag, at most 7"
begin
expect 200 Noted "$(call note '{"text":"x"}')"
stop TERM 0
unset MCPS_NOTES

# Mistakes have the exit codes of mcps; --check calls no start function.
code() {
	"$build/examples/program" --listen 127.0.0.1:0 "$@" \
		>"$work/answer" 2>"$work/log" && echo 0 || echo $?
}
[ "$(code --most-notes many)" = 64 ] || fail "a wrong number is not 64"
[ "$(code --notez x)" = 64 ] || fail "an unknown option is not 64"
grep -q 'did you mean --notes' "$work/log" || fail "no hint"
[ "$(code --notes "$work/no/such/folder")" = 77 ] || fail "start is not 77"
grep -q "no/such/folder: No such file" "$work/log" || fail "start says nothing"
[ "$(code --check --notes "$work/unmade")" = 0 ] || fail "--check is not 0"
grep -q "notes = $work/unmade" "$work/answer" || fail "--check lacks notes"
[ ! -e "$work/unmade" ] || fail "--check made a file"

# ---- resources ----

program=resources
start
begin
expect 200 'without Pluto' "$(read_resource about:planets)"
expect 200 '"text":"[0-9]' "$(read_resource about:uptime)"
expect 200 'mars has 2 moons' "$(read_resource planet:mars)"
expect 200 -32002 "$(read_resource planet:pluto)"
expect 200 '"values":\["mercury","mars"\]' '{"jsonrpc":"2.0","id":4,
	"method":"completion/complete","params":{"ref":{"type":"ref/resource",
	"uri":"planet:{name}"},"argument":{"name":"name","value":"m"}}}'
stop TERM 0

# ---- structured results ----

program=structured
start
begin
expect 200 '"outputSchema":{"type":"object"' \
	'{"jsonrpc":"2.0","id":5,"method":"tools/list"}'
expect 200 '"structuredContent":{"quotient":3,"remainder":2}' \
	"$(call divide '{"dividend":17,"divisor":5}')"
grep -q '"text":"3, remainder 2"' "$work/answer" || fail "no text"
expect 200 'must be at least 1' "$(call divide '{"dividend":17,"divisor":0}')"
stop TERM 0

# ---- an auth hook ----

program=auth
start
id=
token=
[ "$(ask '{}')" = 401 ] || fail "no token is not 401"
token=wrong
[ "$(ask '{}')" = 401 ] || fail "a wrong token is not 401"
token=bob-secret
begin
expect 200 'Hello, bob!' "$(call greet '{}')"
[ "$(ask "$(call shout '{}')")" = 403 ] || fail "no scope is not 403"
token=ann-secret
begin
expect 200 'Hello, ann!' "$(call shout '{}')"
stop TERM 0
