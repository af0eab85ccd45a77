#!/bin/sh
# The program's messages on the command line, and its exit codes.
set -eu
demo=${MCPS_DEMO:-${top_builddir:-.}/demo-server/mcps-demo}
unset MCPS_DEMO
work=$(mktemp -d)
chmod 755 "$work"
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$work"' EXIT

# expect CODE WORDS [COMMAND...]: it ends so, and says so.
expect() {
	code=$1
	words=$2
	shift 2
	ended=0
	timeout 120 "$@" >"$work/out" 2>"$work/err" </dev/null || ended=$?
	if [ "$ended" -ne "$code" ] ||
		! cat "$work/out" "$work/err" | grep -q -e "$words"; then
		echo "$*"
		echo "exit code $ended, not $code, or not \"$words\":"
		cat "$work/out" "$work/err"
		exit 1
	fi
}

silent() {
	if [ -s "$work/$1" ]; then
		echo "$2 writes to $1:"
		cat "$work/$1"
		exit 1
	fi
}

# serve COMMAND...: it runs and says where, in $address.
serve() {
	: >"$work/log"
	"$@" --listen 127.0.0.1:0 2>"$work/log" &
	server=$!
	tries=0
	until address=$(sed -n 's/^  listens *//p' "$work/log") &&
		[ -n "$address" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 3000 ] || ! kill -0 "$server"; then
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

# About itself: on stdout, and nothing else.
expect 0 '^mcps-demo [0-9]' "$demo" --version
silent err --version
expect 0 '^Usage: mcps-demo' "$demo" --help
silent err --help
for option in listen store tokens drain log-format dev check; do
	grep -q "^  --$option" "$work/out" || {
		echo "--help does not name --$option"
		exit 1
	}
done
grep -q 'MCPS_MAX_SESSION_IDLE' "$work/out"
[ "$(awk 'length > 80' "$work/out")" = '' ] || {
	echo '--help has lines beyond 80 columns'
	exit 1
}

# Wrong usage, on stderr.
expect 64 'did you mean --listen' "$demo" --lisen x
silent out 'a wrong option'
expect 64 'no command' "$demo" frobnicate
expect 64 'such as 64KiB' "$demo" --max-body 4MB
expect 64 'claude-code' "$demo" client-config
expect 64 'not HOST:PORT' "$demo" --listen example.org:80

# Renamed options are refused, wherever they stand, and say the new name.
expect 78 '^.*--session-quota was renamed: use --max-sessions-per-caller' \
	"$demo" --session-quota 5
expect 78 'MCPS_SESSION_QUOTA was renamed: use MCPS_MAX_SESSIONS_PER_CALLER' \
	env MCPS_SESSION_QUOTA=5 "$demo"
echo 'session-quota = 5' >"$work/conf"
expect 78 'conf:1: "session-quota" was renamed: use "max-sessions-per-caller"' \
	"$demo" --config "$work/conf"

# Wrong configuration.
expect 78 'MCPS_DRAIN' env MCPS_DRAIN=5 "$demo"
echo 'workrs = 3' >"$work/conf"
expect 78 'conf:1: .*did you mean "workers"' "$demo" --config "$work/conf"
expect 78 'No such file' "$demo" --config "$work/none"
expect 78 'token file .*No such file' "$demo" --tokens "$work/none"
echo 'not a hash' >"$work/tokens"
expect 78 'tokens, line 1' "$demo" --tokens "$work/tokens"
expect 78 'unknown scheme' "$demo" --store whatever:x
expect 78 'must begin with / ' "$demo" --path mcp

# Failures as a line of JSON, and with a level when stderr is the journal.
expect 78 '^{"time":".*"level":"error".*token file' "$demo" \
	--log-format=json --tokens "$work/none"
: >"$work/err"
expect 78 '^<3>app: token file' env JOURNAL_STREAM="$(stat -c %d:%i \
	"$work/err")" "$demo" --tokens "$work/none"

# Not available.
expect 69 'No such file or directory' "$demo" --store "sqlite:$work/none/x.db"
serve "$demo"
expect 69 'already in use; --listen names another' "$demo" --listen "$address"
expect 69 'FAIL  listen' "$demo" --check --listen "$address"
stop

# --check does what it says: nothing.
mkdir -m 700 "$work/state"
expect 0 'It would start' "$demo" --check --listen "$address" \
	--store "sqlite:$work/state/x.db"
[ -z "$(ls -A "$work/state")" ] || {
	echo '--check leaves files behind:'
	ls "$work/state"
	exit 1
}
expect 78 'FAIL  tokens' "$demo" --check --tokens "$work/tokens"

# A database file that is mounted without its directory.
# shellcheck disable=SC2086 # lists of words
mkdir -m 700 "$work/alone"
serve "$demo" --store "sqlite:$work/alone/x.db"
stop
if unshare --map-root-user --mount true 2>/dev/null; then
	cat >"$work/alone.sh" <<-'END'
		mount --bind "$1" "$1" && shift && exec "$@"
	END
	alone="unshare --map-root-user --mount sh $work/alone.sh $work/alone/x.db
		$demo --store sqlite:$work/alone/x.db"
	expect 78 'x.db is mounted alone' $alone
	expect 78 'FAIL  store .*is mounted alone' $alone --check
	expect 0 'It would start' $alone --check --allow-mounted-store-file
else
	echo "mounts not tested: no mount of one's own here"
fi

# Not permitted. Root may do anything, so it becomes nobody.
if [ "$(id -u)" -eq 0 ]; then
	command -v setpriv >/dev/null || {
		echo 'permissions not tested: root, and no setpriv'
		exit 0
	}
	set -- setpriv --reuid=65534 --regid=65534 --clear-groups
	$* sh -c "exec $demo --version" >/dev/null 2>&1 || {
		echo 'permissions not tested: nobody cannot run it here'
		exit 0
	}
else
	set --
fi
echo >"$work/tokens"
chmod 000 "$work/tokens" "$work/conf"
mkdir -m 755 "$work/closed"
expect 77 'Permission denied' "$@" "$demo" --tokens "$work/tokens"
expect 77 'Permission denied' "$@" "$demo" --config "$work/conf"
[ "$(id -u)" -ne 0 ] || expect 77 'Permission denied' "$@" "$demo" \
	--store "sqlite:$work/closed/x.db"

# A start and --check say the same of a directory that cannot be written, also
# where a store is in it already.
if [ "$(id -u)" -eq 0 ]; then
	mkdir -m 700 "$work/sealed"
	chown 65534 "$work/sealed"
	serve "$@" "$demo" --store "sqlite:$work/sealed/x.db"
	stop
	chown 0 "$work/sealed"
	chmod 755 "$work/sealed"
	words='sealed: user 65534 cannot make files there: Permission denied'
	expect 77 "$words" "$@" "$demo" --store "sqlite:$work/sealed/x.db"
	expect 77 "FAIL  store .*$words" "$@" "$demo" --check \
		--store "sqlite:$work/sealed/x.db"
	words='key file .*cannot be made in its directory: Permission denied'
	expect 77 "$words" "$@" "$demo" --key-file "$work/sealed/key"
	expect 77 "FAIL  key .*$words" "$@" "$demo" --check \
		--key-file "$work/sealed/key"
fi
words='key file .*cannot be made in its directory: No such file'
expect 78 "$words" "$demo" --key-file "$work/none/key"
expect 78 "FAIL  key .*$words" "$demo" --check --key-file "$work/none/key"
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 443 ]; then
	expect 77 '--listen names another' "$@" "$demo" --listen 127.0.0.1:443
fi

# A key that is a mounted secret: nothing can be written beside it.
printf 'current %064d\n' 1 >"$work/closed/key"
chmod 400 "$work/closed/key"
if [ "$(id -u)" -eq 0 ]; then
	chown 65534 "$work/closed/key"
	serve "$@" "$demo" --key-file "$work/closed/key"
	grep -q 'cannot note' "$work/log"
	stop
fi
