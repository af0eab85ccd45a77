#!/usr/bin/env python3
"""Insert the lines of docs/MOUNT-GUIDE.md into the source of a program.

    mount.py PROGRAM DIRECTORY

Places are named: "where the function begins", "before the statement that
names this". A place that is not there exactly once is an error, as a newer
version of the program may be another program.
"""
import re
import sys
from pathlib import Path

CODE_ELSEWHERE = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S
)


class Source:
    """A file of C or C++ that is changed in memory."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_text(encoding="utf-8")

    def fail(self, what):
        sys.exit(f"mount.py: {self.path}: {what}")

    @property
    def code(self):
        """The text with comments and strings blanked, at the same places."""
        return CODE_ELSEWHERE.sub(
            lambda match: re.sub(r"[^\n]", " ", match[0]), self.text
        )

    def insert(self, place, lines):
        """LINES at PLACE; behind the line if only a comment follows there."""
        end = self.text.find("\n", place)
        if not self.code[place:end].strip():
            place = end
        self.text = f"{self.text[:place]}\n{lines}\n{self.text[place:]}"

    def matching(self, place):
        """Where the bracket at PLACE is closed."""
        depth = 0
        for bracket in re.compile(r"[(){}]").finditer(self.code, place):
            depth += 1 if bracket[0] in "({" else -1
            if depth == 0:
                return bracket.end()
        return self.fail("a bracket is not closed")

    def definition(self, function):
        """(begin of the parameters, begin of the body, end of the body)."""
        found = []
        for match in re.finditer(rf"\b{re.escape(function)}\s*\(", self.code):
            parameters = match.end() - 1
            body = re.compile(r"\s*\{").match(self.code, self.matching(parameters))
            if body and self.code[: match.start()].count("{") == self.code[
                : match.start()
            ].count("}"):
                found.append((parameters, body.end(), self.matching(body.end() - 1)))
        if len(found) != 1:
            self.fail(f"{len(found)} definitions of {function}")
        return found[0]

    def places(self, function, word):
        """Where WORD stands in the body of FUNCTION."""
        _, begin, end = self.definition(function)
        found = re.compile(rf"\b{re.escape(word)}\b").finditer(self.code, begin, end)
        return [match.start() for match in found] or self.fail(
            f"{function} does not say {word}"
        )

    def after_include(self, header, lines):
        match = re.search(rf'^#\s*include\s*[<"]{re.escape(header)}[>"].*$', self.text, re.M)
        if not match:
            self.fail(f"does not include {header}")
        self.insert(match.end(), lines)

    def before_function(self, function, lines):
        parameters = self.definition(function)[0]
        ends = [m.end() for m in re.finditer(r"[;}]", self.code[:parameters])]
        self.insert(ends[-1], lines)

    def where_begins(self, function, lines):
        self.insert(self.definition(function)[1], lines)

    def before(self, function, word, lines, which=0):
        """Before the statement of FUNCTION that names WORD."""
        place = self.places(function, word)[which]
        ends = [m.end() for m in re.finditer(r"[;{}]", self.code[:place])]
        self.insert(ends[-1], lines)

    def after(self, function, word, lines, which=0):
        """After the statement of FUNCTION that names WORD."""
        place = self.places(function, word)[which]
        self.insert(self.code.index(";", place) + 1, lines)

    def replace(self, function, word, text, count=1):
        """WORD by TEXT in FUNCTION; it stands there COUNT times."""
        places = self.places(function, word)
        if len(places) != count:
            self.fail(f"{function} says {word} {len(places)} times, not {count}")
        for place in reversed(places):
            self.text = self.text[:place] + text + self.text[place + len(word) :]

    def name_parameter(self, function, name):
        """A parameter whose name is only a comment gets it."""
        begin, body, _ = self.definition(function)
        head = re.sub(rf"/\*\s*{name}\s*\*/", name, self.text[begin:body])
        self.text = self.text[:begin] + head + self.text[body:]

    def add_behind(self, mark, word, text):
        """TEXT behind the first WORD after MARK, in a file of any language."""
        if self.text.count(mark) != 1:
            self.fail(f"says {mark} {self.text.count(mark)} times")
        place = self.text.index(word, self.text.index(mark)) + len(word)
        self.text = self.text[:place] + text + self.text[place:]

    def write(self):
        self.path.write_text(self.text, encoding="utf-8")


INCLUDE = '#include "mounted.h"'

# [3] of the guide; the arguments are named as the program names them.
HANDLE = """\
	{{
		int mounted_result;

		if (mcps_mhd_handle(mounted, connection, url, method,
		                    upload_data, upload_data_size, {request},
		                    &mounted_result))
			return ({type})mounted_result;
	}}"""

STOP = "\tmcps_server_drain(mounted, MOUNTED_DRAIN_MS);"


def mount_gatewayd(directory):
    """systemd-journal-gatewayd: C, a thread for each connection. It is ended
    by a signal that kills it, so it gets a way to stop, too."""
    source = Source(directory / "src/journal-remote/journal-gatewayd.c")
    source.after_include("microhttpd.h", INCLUDE)
    source.where_begins(
        "request_handler", HANDLE.format(type="mhd_result", request="connection_cls")
    )
    source.where_begins(
        "request_meta_free",
        "\tif (mcps_mhd_completed(mounted, connection, connection_cls))\n\t\treturn;",
    )
    source.replace("run", "19531", "mounted_port()")
    source.where_begins("run", "\tmounted_block_stop();")
    source.before(
        "run",
        "MHD_start_daemon",
        '\tif (!mounted_start("gatewayd"))\n\t\treturn -EINVAL;',
    )
    source.before(
        "run",
        "pause",
        "\tif (!mounted_attach(d))\n\t\treturn -EINVAL;\n",
    )
    source.after(
        "run",
        "pause",
        STOP + "\n\tMHD_stop_daemon(d);\n\td = NULL;\n\tmounted_free();",
    )
    source.replace("run", "pause", "mounted_wait_for_stop")
    source.write()

    build = Source(directory / "src/journal-remote/meson.build")
    build.add_behind("systemd_journal_gatewayd_sources", "files(", "'mounted.c', 'tools.c',")
    build.write()
    build = Source(directory / "meson.build")
    build.add_behind(
        "systemd_journal_gatewayd_sources", "dependencies : [", "dependency('mcps'),"
    )
    build.write()


def mount_debuginfod(directory):
    """debuginfod: C++, a pool of threads with epoll, one or another of two
    daemons, no callback for the end of requests."""
    source = Source(directory / "debuginfod/debuginfod.cxx")
    source.after_include("microhttpd.h", INCLUDE)
    for name in "upload_data", "upload_data_size":
        source.name_parameter("handler_cb", name)
    source.where_begins(
        "handler_cb", HANDLE.format(type="MHD_RESULT", request="ptr")
    )
    source.replace("main", "MHD_USE_ITC", "MHD_ALLOW_SUSPEND_RESUME")
    source.before(
        "main",
        "d46",
        '\tif (!mounted_start("debuginfod"))\n\t\treturn EXIT_FAILURE;',
    )
    source.replace(
        "main",
        "MHD_OPTION_EXTERNAL_LOGGER",
        "MHD_OPTION_NOTIFY_COMPLETED, mounted_completed, NULL,\n"
        "\tMHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_EXTERNAL_LOGGER",
        count=2,
    )
    source.after(
        "main",
        "pause",
        STOP,
    )
    source.before(
        "main",
        "interrupted",
        "\tif (!mounted_attach(d46 != NULL ? d46 : d4))\n\t\treturn EXIT_FAILURE;",
    )
    source.after("main", "MHD_stop_daemon", "\tmounted_free();", -1)
    source.write()


def mount_jsonrpc(directory):
    """libjson-rpc-cpp: C++, a pool of threads with select, a library whose
    server is an object."""
    source = Source(directory / "src/jsonrpccpp/server/connectors/httpserver.cpp")
    source.after_include("httpserver.h", INCLUDE)
    source.where_begins(
        "HttpServer::callback", HANDLE.format(type="int", request="con_cls")
    )
    start = "HttpServer::StartListening"
    source.replace(
        start,
        "MHD_USE_SELECT_INTERNALLY",
        "MHD_USE_SELECT_INTERNALLY | MHD_ALLOW_SUSPEND_RESUME",
        count=2,
    )
    source.replace(
        start,
        "MHD_OPTION_THREAD_POOL_SIZE",
        "MHD_OPTION_NOTIFY_COMPLETED, mounted_completed, NULL, "
        "MHD_OPTION_THREAD_POOL_SIZE",
        count=2,
    )
    source.before(
        start, "path_sslcert", '\tif (!mounted_start("json-rpc"))\n\t\treturn false;'
    )
    source.before(
        start,
        "running",
        "\tif (this->daemon != NULL && !mounted_attach(this->daemon))\n"
        "\t\treturn false;",
        which=1,
    )
    source.before("HttpServer::StopListening", "MHD_stop_daemon", STOP)
    source.after(
        "HttpServer::StopListening", "MHD_stop_daemon", "\tmounted_free();"
    )
    source.write()

    source = Source(directory / "src/examples/simpleserver.cpp")
    source.after_include("stdio.h", INCLUDE)
    source.replace("main", "8383", "mounted_port()")
    source.write()


if __name__ == "__main__":
    globals()[f"mount_{sys.argv[1]}"](Path(sys.argv[2]))
