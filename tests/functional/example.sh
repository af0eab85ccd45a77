# Shared by the tests of examples, which read it: a server that is one of
# the examples, in $program, and requests to it. The test defines start().
# shellcheck shell=sh disable=SC2034,SC2154 # the test has and uses the others
build=${top_builddir:-.}
command -v curl >/dev/null || {
	echo "curl is not installed"
	exit 77
}
work=$(mktemp -d)
server=
id=
token=
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
		${body:+-d "$body"} "$@" "$url"
}

# expect STATUS WORDS BODY [ARGUMENT...]
expect() {
	wanted=$1
	words=$2
	shift 2
	status=$(ask "$@") || fail "no answer to $*"
	[ "$status" = "$wanted" ] || fail "$status, not $wanted, to $*"
	grep -q -e "$words" "$work/answer" ||
		fail "no \"$words\" in the answer to $*"
}

# begin REVISION: a session, in $id.
begin() {
	id=
	expect 200 "$1" '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
		"protocolVersion":"'"$1"'","capabilities":{},
		"clientInfo":{"name":"curl","version":"1"}}}'
	id=$(sed -n 's/^Mcp-Session-Id: \(.*\)\r$/\1/p' "$work/head")
	[ -n "$id" ] || fail "initialize without an id"
}
