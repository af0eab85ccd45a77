#!/bin/sh
# The wall clock of the machine is set while the demo server runs, by hours and
# by a year, and while it does not: sessions in use go on, and what was ended
# stays ended. libfaketime plays the clock.
set -eu
demo=${MCPS_DEMO:-${top_builddir:-.}/demo-server/mcps-demo}
library=$(find /usr/lib /usr/local/lib -name libfaketime.so.1 2>/dev/null |
	head -n 1)
# Either wants to be loaded first.
if grep -q '__asan_init\|__tsan_init' "$demo"; then
	echo 'built with a sanitizer: the plain build asks this'
	exit 0
fi
[ -n "$library" ] || {
	echo 'libfaketime is not installed (Debian: faketime)'
	exit 77
}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

# jump OFFSET: such as "+365d".
jump() {
	echo "$1" >"$work/clock.new"
	mv "$work/clock.new" "$work/clock"
}

start() {
	: >"$work/log"
	LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$work/clock \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
		"$demo" --listen 127.0.0.1:0 --store "sqlite:$work/test.db" \
		2>"$work/log" &
	server=$!
	tries=0
	until url=$(grep -o 'http://127[^ ]*' "$work/log" | head -n 1) &&
		[ -n "$url" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 500 ] || ! kill -0 "$server"; then
			cat "$work/log"
			exit 1
		fi
		sleep 0.02
	done
}

stop() {
	kill "$server"
	wait "$server"
	server=
}

# status ID [CURL-ARGUMENT...]: of a ping, or of what is asked.
status() {
	id=$1
	shift
	[ $# -gt 0 ] || set -- -d '{"jsonrpc":"2.0","id":1,"method":"ping"}'
	curl -s -o "$work/body" -w '%{http_code}' -H "Mcp-Session-Id: $id" \
		-H 'Content-Type: application/json' \
		-H 'Accept: application/json, text/event-stream' "$@" "$url"
}

expect() {
	[ "$2" = "$3" ] || {
		echo "$1: HTTP $2, not $3"
		cat "$work/body" "$work/log"
		exit 1
	}
}

begin() {
	curl -s -o /dev/null -D "$work/headers" \
		-H 'Content-Type: application/json' \
		-H 'Accept: application/json, text/event-stream' \
		-d '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
			"protocolVersion":"2025-06-18","capabilities":{},
			"clientInfo":{"name":"test","version":"1"}}}' "$url"
	tr -d '\r' <"$work/headers" |
		sed -n 's/^[Mm]cp-[Ss]ession-[Ii]d: *//p'
}

jump +0
start
live=$(begin)
ended=$(begin)
expect 'a new session' "$(status "$live")" 200
expect 'its end' "$(status "$ended" -X DELETE)" 204

for offset in +1h -1h +40d +365d -365d +0; do
	jump "$offset"
	expect "in use, clock at $offset" "$(status "$live")" 200
	expect "ended, clock at $offset" "$(status "$ended")" 404
	fresh=$(begin)
	expect "begun, clock at $offset" "$(status "$fresh")" 200
done

for offset in -1h -365d +1h +0; do
	stop
	jump "$offset"
	start
	expect "in use, restarted at $offset" "$(status "$live")" 200
	expect "ended, restarted at $offset" "$(status "$ended")" 404
done

# Between two processes a jump is time that passed: this shows that there is
# a clock to be fooled.
stop
jump +400d
start
expect 'too old, restarted' "$(status "$live")" 404
stop
