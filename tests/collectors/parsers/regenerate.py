"""Write the expected events anew: `python -m tests.collectors.parsers.regenerate [parser …]`; then read the diff."""

from __future__ import annotations

import sys

import orjson

from tests.collectors.parsers.support import cases, expected_path, parse_file


def main(names: list[str]) -> None:
    for parser, path in cases():
        if not names or parser in names:
            events = parse_file(parser, path)
            expected_path(path).write_bytes(
                orjson.dumps(events, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            )


if __name__ == "__main__":
    main(sys.argv[1:])
