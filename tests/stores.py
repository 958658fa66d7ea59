"""Event stores for tests: the embedded one, and Elasticsearch where the environment names a server.

TAISHI_TEST_ELASTICSEARCH is the URL of a server where indices may be made and deleted; the contract then runs on it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch

from taishi.store.elastic import ElasticStore
from taishi.store.elastic_client import ElasticOptions
from taishi.store.embedded import TantivyStore
from taishi.store.port import EventStore

ENGINES = ("embedded", "elasticsearch")


def server() -> str:
    url = os.environ.get("TAISHI_TEST_ELASTICSEARCH", "")
    if not url:
        pytest.skip("elasticsearch: TAISHI_TEST_ELASTICSEARCH names no server")
    return url


def options(prefix: str) -> ElasticOptions:
    return ElasticOptions([server()], prefix=prefix, replicas=0)


def opened(engine: str, place: str, *, writable: bool) -> EventStore:
    """The store at a place: a folder, or the prefix of indices."""
    if engine == "embedded":
        return TantivyStore(Path(place), writable=writable)
    return ElasticStore(options(place), writable=writable)


@dataclass
class Stores:
    """Opens the same store again and again, writable or not."""

    engine: str
    place: str
    made: list[EventStore] = field(default_factory=list)

    def __call__(self, writable: bool) -> EventStore:
        self.made.append(opened(self.engine, self.place, writable=writable))
        return self.made[-1]

    def shards(self) -> int:
        if self.engine == "embedded":
            return len(list(Path(self.place).iterdir()))
        with Elasticsearch(server()) as client:
            return len(client.indices.get(index=f"{self.place}-*").body)

    def close(self) -> None:
        for store in self.made:
            store.close()


@contextmanager
def empty(engine: str, folder: Path) -> Iterator[Stores]:
    """An empty store that is gone afterwards."""
    if engine == "embedded":
        stores = Stores(engine, str(folder / "events"))
        yield stores
        stores.close()
        return
    with prefix() as name:
        stores = Stores(engine, name)
        yield stores
        stores.close()


@contextmanager
def prefix() -> Iterator[str]:
    """A prefix of indices that nobody else has; what was made under it is deleted."""
    name = f"test-{uuid4().hex[:12]}"
    with Elasticsearch(server()) as client:
        try:
            yield name
        finally:
            found = list(client.indices.get(index=f"{name}-*").body)
            for start in range(0, len(found), 50):  # the names stand in the address, whose length is bounded
                client.indices.delete(index=found[start : start + 50])
            client.options(ignore_status=404).indices.delete_index_template(name=f"{name}-*")
