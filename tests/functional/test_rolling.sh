#!/bin/sh
# 50 rolling restarts through one listening socket, under load: nobody is
# refused, no call is lost. With a sanitizer, which makes each start slow, 10.
set -u
build=${top_builddir:-.}
demo=${MCPS_DEMO:-$build/demo-server/mcps-demo}
rounds=50
! grep -q '__asan_init\|__tsan_init' "$demo" || rounds=10
# A program that no test runs by itself is built when the C tests are.
[ -x "$build/tests/functional/rolling" ] || {
	echo 'tests/functional/rolling was not built: no check library'
	exit 77
}
unset MCPS_DEMO
exec "$build/tests/functional/rolling" "$demo" "$rounds"
