#!/bin/sh
# Have PROGRAM make a store as a server leaves it, in DIRECTORY:
#   tests/upgrade/make.sh PROGRAM DIRECTORY
# Run with each release: the directory is named after its version and kept, so
# that test_upgrade.sh shows that later versions go on with it.
set -eu
# shellcheck disable=SC2034 # calls.sh uses it
demo=$1
mkdir -p "$2"
directory=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
# shellcheck disable=SC1091 # it is beside this file
. "$here/calls.sh"

serve "$work/store.db"
live=$(begin)
ended=$(begin)
{
	call "$live" remember '{"key":"ship","value":"Argo"}'
	call "$live" count '{}'
	call "$live" count '{}'
	call "$live" count '{"scope":"principal"}'
	call "$ended" remember '{"key":"ship","value":"Titanic"}'
	end "$ended"
} >"$work/answers"
if grep -q isError "$work/answers" ||
	[ "$(grep -c '^HTTP/1.1 20[04]' "$work/answers")" -ne 6 ]; then
	cat "$work/answers"
	exit 1
fi
stop
mv "$work/store.db" "$work/store.db.key" "$directory"
printf 'live=%s\nended=%s\n' "$live" "$ended" >"$directory/sessions"
ls -l "$directory"
