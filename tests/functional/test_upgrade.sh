#!/bin/sh
# Stores that earlier releases left (tests/upgrade/VERSION/) are served on: no
# caller notices the upgrade. The test serves copies and never changes the files of a
# release. MCPS_UPGRADE_STORES names another directory of such stores.
set -eu
top=${top_srcdir:-.}
# shellcheck disable=SC2034 # calls.sh uses it
demo=${MCPS_DEMO:-${top_builddir:-.}/demo-server/mcps-demo}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }; rm -rf "$work"' EXIT
# shellcheck disable=SC1091 # it is there
. "$top/tests/upgrade/calls.sh"

# expect WORDS COMMAND...: its output contains WORDS.
expect() {
	words=$1
	shift
	"$@" >"$work/answer"
	grep -q -F -e "$words" "$work/answer" || {
		echo "$release: $*: not \"$words\" but"
		cat "$work/answer" "$work/log"
		exit 1
	}
}

for release in "${MCPS_UPGRADE_STORES:-$top/tests/upgrade}"/[0-9]*/; do
	live='' ended=''
	# shellcheck disable=SC1091 # two variables
	. "$release/sessions"
	cp "$release/store.db" "$release/store.db.key" "$work"
	chmod 600 "$work"/store.db*
	serve "$work/store.db"
	expect 'Argo' call "$live" recall '{"key":"ship"}'
	expect '"count":3}' call "$live" count '{}'
	expect '"count":2}' call "$live" count '{"scope":"principal"}'
	expect 'HTTP/1.1 404' call "$ended" recall '{"key":"ship"}'
	expect 'HTTP/1.1 204' end "$live"
	stop
	serve "$work/store.db"
	expect 'HTTP/1.1 404' call "$live" recall '{"key":"ship"}'
	stop
	rm "$work"/store.db*
done
