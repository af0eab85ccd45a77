#!/bin/sh
# The code is as clang-format 14 writes it; other versions differ in detail,
# and are not asked.
set -u
cd "${top_srcdir:-.}" || exit 1

for tool in clang-format-14 clang-format ''; do
	[ -n "$tool" ] || {
		echo "clang-format 14 is not installed"
		exit 77
	}
	case $($tool --version 2>/dev/null) in
	*'version 14.'*) break ;;
	esac
done
find lib include demo-server examples tests bench -name node_modules -prune \
	-o \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print 2>/dev/null | sort |
	xargs "$tool" --dry-run -Werror
