#!/bin/sh
# Makefile.am lists exactly the files there are. In a released archive the
# same says that nothing was left out of it.
exec "${top_srcdir:-.}/script/sources" --check
