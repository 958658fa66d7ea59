"""What the server must hold before the first event: the templates, and the lifecycle policies where it has such."""

from __future__ import annotations

import structlog
from elasticsearch import ApiError, BadRequestError, Elasticsearch

from taishi.store.elastic_client import ElasticOptions, reason
from taishi.store.elastic_template import KINDS, alias, policy, templates

log = structlog.get_logger()


class Setup:
    """What the server offers is found by asking for it, once a process."""

    def __init__(self, client: Elasticsearch, options: ElasticOptions) -> None:
        self._client = client
        self._options = options
        self._done = False
        self.typed = False
        """Whether the server took ECS's own types; known after `ensure`."""

    def ensure(self, *, again: bool = False) -> None:
        """Once, or `again`. Raises the client's errors; the next call then begins again."""
        if self._done and not again:
            return
        lifecycle = self._put_policies()
        if self._done:
            self._put_templates(typed=self.typed, lifecycle=lifecycle)
            return
        try:
            self._put_templates(typed=True, lifecycle=lifecycle)
            self.typed = True
        except BadRequestError as error:
            log.info("Elasticsearch lacks types of ECS; the plain index template is used.", reason=reason(error.body))
            self._put_templates(typed=False, lifecycle=lifecycle)
        self._done = True

    def _put_policies(self) -> bool:
        days = {"event": self._options.events_days, "alert": self._options.alerts_days}
        if None in days.values() or not self._has_lifecycle():
            return False
        for kind in KINDS:
            self._client.ilm.put_lifecycle(name=alias(self._options.prefix, kind), policy=policy(days[kind] or 0))
        return True

    def _has_lifecycle(self) -> bool:
        try:
            self._client.ilm.get_status()
        except ApiError as error:
            if error.meta.status in {400, 404, 405}:  # a build without it answers that there is no such address
                return False
            raise
        return True

    def _put_templates(self, *, typed: bool, lifecycle: bool) -> None:
        options = self._options
        made = templates(
            options.prefix, typed=typed, shards=options.shards, replicas=options.replicas, lifecycle=lifecycle
        )
        for name, body in made.items():
            self._client.indices.put_index_template(
                name=name,
                index_patterns=body["index_patterns"],
                priority=body["priority"],
                template=body["template"],
                meta=body["_meta"],
            )
