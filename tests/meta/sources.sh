#!/bin/sh
# sources.am lists exactly the files there are. In a released archive the
# same says that no source file was left out of it.
exec "${top_srcdir:-.}/script/sources" --check
