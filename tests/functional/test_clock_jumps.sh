#!/bin/sh
# The wall clock of the machine is set, by hours and by years, while the demo
# server runs and while it does not: sessions in use go on, and ended ones stay
# ended. libfaketime plays the wall clock. Where the kernel lets us have a mount
# namespace, another boot id plays a reboot.
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
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$work"' EXIT

# The boot id that a new process sees; empty: the real one.
boot=
boot_file=/proc/sys/kernel/random/boot_id

# jump OFFSET: such as "+365d".
jump() {
	echo "$1" >"$work/clock.new"
	mv "$work/clock.new" "$work/clock"
}

# in_boot COMMAND...: in a mount namespace of its own, with the boot id of $boot.
# shellcheck disable=SC2016 # the inner shell expands them
in_boot() {
	echo "$boot" >"$work/boot"
	exec unshare --map-root-user --mount sh -c '
		mount --bind "$1" "$2" && shift 2 && exec "$@"' sh \
		"$work/boot" "$boot_file" "$@"
}

# start [OPTION...]: a lost session does not begin anew.
start() {
	: >"$work/log"
	# libtool finds the program behind its wrapper: libfaketime does not bear
	# a shell that starts others.
	set -- "${top_builddir:-.}/libtool" --mode=execute \
		env LD_PRELOAD="$library" FAKETIME_TIMESTAMP_FILE="$work/clock" \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
		"$demo" --listen 127.0.0.1:0 --store "sqlite:$work/test.db" \
		--unknown-ids never "$@"
	if [ -n "$boot" ]; then
		in_boot "$@" 2>"$work/log" &
	else
		"$@" 2>"$work/log" &
	fi
	server=$!
	tries=0
	until url=$(grep -o 'http://127[^ ]*' "$work/log" | head -n 1) &&
		[ -n "$url" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 3000 ] || ! kill -0 "$server"; then
			cat "$work/log"
			exit 1
		fi
		sleep 0.02
	done
}

# The leavings of libfaketime break a later process of the same number.
sweep() {
	rm -f "/dev/shm/faketime_shm_$server" "/dev/shm/sem.faketime_sem_$server"
	server=
}

stop() {
	kill "$server"
	wait "$server"
	sweep
}

crash() {
	kill -KILL "$server"
	wait "$server" || true
	sweep
}

# The next process runs after a reboot.
reboot() {
	boots=$((boots + 1))
	boot=$(printf '%08d-0000-4000-8000-000000000000' "$boots")
}
boots=0

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

for offset in -1h -365d +1h +400d +0; do
	stop
	jump "$offset"
	start
	expect "in use, restarted at $offset" "$(status "$live")" 200
	expect "ended, restarted at $offset" "$(status "$ended")" 404
done

# The clock jumps while the process runs, and the process ends before or after
# it has seen the jump.
for offset in +8d +400d -400d +0; do
	jump "$offset"
	expect "in use, clock at $offset" "$(status "$live")" 200
	for how in crash stop; do
		$how
		start
		expect "in use, $how at $offset" "$(status "$live")" 200
		expect "ended, $how at $offset" "$(status "$ended")" 404
	done
done
stop

(boot=none in_boot true) 2>/dev/null || {
	echo 'no mount namespace to be had: reboots are not tested'
	exit 0
}

# Over a reboot only the wall clock tells how long it took. A machine without a
# battery begins in 1970; the right time comes later.
long_ago=-$(($(date +%s) / 86400))d
for offset in +8d "$long_ago" +8d +0 +400d; do
	reboot
	jump "$offset"
	start
	expect "in use, rebooted at $offset" "$(status "$live")" 200
	expect "ended, rebooted at $offset" "$(status "$ended")" 404
	fresh=$(begin)
	jump +0
	expect "in use, clock set after $offset" "$(status "$live")" 200
	expect "begun at $offset" "$(status "$fresh")" 200
	crash
	start
	expect "in use, killed after $offset" "$(status "$live")" 200
	expect "begun at $offset, killed" "$(status "$fresh")" 200
	expect "ended, killed after $offset" "$(status "$ended")" 404
	stop
done

# A stop stores the wall time, so that a jump before it is no downtime.
start --max-session-idle 12h
fresh=$(begin)
jump +800d
expect 'in use, clock at +800d' "$(status "$fresh")" 200
stop
reboot
start --max-session-idle 12h
expect 'in use, stopped after +800d' "$(status "$fresh")" 200
stop

# With a larger limit more of the downtime counts.
reboot
jump +1200d
start --max-gap 40d
expect 'too old, rebooted' "$(status "$live")" 404
stop
