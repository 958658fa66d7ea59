"""`python -m tests.servers start|stop [NAME …]`: the servers of `make servers`, their data under var/servers."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.servers.elasticsearch import Elasticsearch
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres
from tests.servers.process import Absent, Server

KINDS: dict[str, type[Server]] = {"kafka": Kafka, "elasticsearch": Elasticsearch, "postgres": Postgres}
SETTINGS = {"kafka": "TAISHI_STREAM__URL", "elasticsearch": "TAISHI_STORE__URL", "postgres": "TAISHI_RECORDS__URL"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(KINDS)}; all by default")
    options = parser.parse_args()
    for name in options.names or KINDS:
        server = KINDS[name](Path("var/servers").absolute() / name)
        if options.action == "stop":
            server.stop()
            continue
        try:
            server.start()
        except Absent as absent:
            print(f"# {name}: {absent}")
        else:
            print(f"export {SETTINGS[name]}={server.url}")


if __name__ == "__main__":
    main()
