#!/bin/sh
# The examples that mcps_main() makes programs of: options, hooks and log lines of
# their own, resources, structured results, an auth hook that answers later.
set -eu
. "${top_srcdir:-.}/tests/functional/example.sh"

# start [ARGUMENT...]
start() {
	: >"$work/log"
	"$build/examples/$program" --listen 127.0.0.1:0 --log-format json "$@" \
		2>"$work/log" &
	server=$!
	wait_for 'is ready'
	url=http://$(sed -n 's/.*listens=\([0-9.:]*\).*/\1/p' "$work/log")/mcp
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
begin 2025-11-25
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
begin 2025-11-25
expect 200 NOTED "$(call note '{"text":"x"}')"
stop TERM 0
start --config "$work/conf" --notes "$work/of-flag" --shout=no
wait_for "notes go to $work/of-flag, at most 7"
begin 2025-11-25
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
begin 2025-11-25
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
begin 2025-11-25
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
begin 2025-11-25
expect 200 'Hello, bob!' "$(call greet '{}')"
[ "$(ask "$(call shout '{}')")" = 403 ] || fail "no scope is not 403"
token=ann-secret
begin 2025-11-25
expect 200 'Hello, ann!' "$(call shout '{}')"
stop TERM 0
