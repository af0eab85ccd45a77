# shellcheck shell=sh disable=SC2154 # read by others
# Read by the scripts beside it: a demo server and a caller, ada, who has a token.
# $demo is the program, $work a directory for what comes and goes.
token=a-token-of-ada-that-is-long-enough
url=
server=

# serve STORE [OPTION...]: a server on a free port, whose address is in $url.
serve() {
	store=$1
	shift
	printf '%s ada\n' "$(printf %s $token | sha256sum | cut -d' ' -f1)" \
		>"$work/tokens"
	chmod 600 "$work/tokens"
	: >"$work/log"
	"$demo" --listen 127.0.0.1:0 --store "sqlite:$store" \
		--tokens "$work/tokens" "$@" 2>"$work/log" &
	server=$!
	until url=$(grep -o 'http://127[^ ]*/mcp' "$work/log" | head -n 1) &&
		[ -n "$url" ]; do
		kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; return 1; }
		sleep 0.02
	done
}

# Ends the server; 0: it ended well.
stop() {
	[ -n "$server" ] || return 0
	kill "$server"
	wait "$server" && server=
}

# ask SESSION BODY [CURL OPTION...]: the response, headers first. SESSION "-": none.
ask() {
	session="Mcp-Session-Id: $1"
	[ "$1" != - ] || session='X-None: -'
	body=$2
	shift 2
	curl -s -i -m 60 -H "Authorization: Bearer $token" -H "$session" \
		-H 'Content-Type: application/json' \
		-H 'Accept: application/json, text/event-stream' \
		--data "$body" "$@" "$url" | tr -d '\r'
	echo
}

# begin: initialize; prints the id of the session.
begin() {
	ask - '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{
		"protocolVersion":"2025-11-25","capabilities":{},
		"clientInfo":{"name":"test","version":"1"}}}' |
		sed -n 's/^[Mm]cp-[Ss]ession-[Ii]d: //p'
}

# call SESSION TOOL ARGUMENTS
call() {
	ask "$1" "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",
		\"params\":{\"name\":\"$2\",\"arguments\":$3}}"
}

# end SESSION: DELETE.
end() {
	ask "$1" '' -X DELETE
}
