"""Kubernetes API server audit (audit.k8s.io/v1, v1beta1): who asked the API server to do what, one JSON object a request.

Also as a webhook's `EventList` (one event each) and wrapped by collectors (`log`, `json`). 401 and 403 are failures.
Reference: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, integer, ip, load_object, text, texts
from collectors.parsers._documents import Product, close, fill, flatten, opened, other
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "kubernetes_audit"
FIELDS: Final[Fields] = {
    "verb": ("event.action", text),
    "auditID": ("kubernetes.audit.id", text),
    "requestURI": ("url.original", text),
    "user.username": ("user.name", text),
    "user.uid": ("user.id", text),
    "user.groups": ("kubernetes.audit.groups", texts),
    "impersonatedUser.username": ("user.effective.name", text),
    "userAgent": ("user_agent.original", text),
    "objectRef.resource": ("orchestrator.resource.type", text),
    "objectRef.name": ("orchestrator.resource.name", text),
    "objectRef.namespace": ("orchestrator.namespace", text),
    "responseStatus.code": ("http.response.status_code", integer),
    "responseStatus.message": ("event.reason", text),
}
PRODUCT: Final = Product(
    NAME, "Kubernetes", "API server audit", "orchestrator", "kubernetes.audit.", FIELDS,
    ("requestReceivedTimestamp", "stageTimestamp", "timestamp"), "kubernetes.audit_logs",
)  # fmt: skip
_KINDS: Final = {"create": "creation", "delete": "deletion", "deletecollection": "deletion", "update": "change",
    "patch": "change", "get": "access", "list": "access", "watch": "access"}  # fmt: skip
_MOST: Final = 256


def _one(raw: dict[str, Any], framed: Framed, received: Received) -> Event:
    event = opened(PRODUCT, framed, received)
    flat = flatten(raw)
    fill(event, PRODUCT, flat, received)
    addresses = flat.get("sourceIPs")
    if isinstance(addresses, list) and addresses and (found := ip(addresses[0])):
        event["source.ip"] = found
    verb, what = event.get("event.action", ""), str(flat.get("objectRef.resource", ""))
    sub = text(flat.get("objectRef.subresource"))
    if sub:
        event["kubernetes.audit.subresource"] = sub
    if what == "pods" and sub in {"exec", "attach", "portforward"}:
        other(event, "process", "start")
        event["event.action"] = f"pod-{sub}"
    elif what in {"rolebindings", "clusterrolebindings", "roles", "clusterroles", "serviceaccounts"}:
        other(event, "iam", _KINDS.get(verb, "info"))
    else:
        other(event, "configuration", _KINDS.get(verb, "info"))
    code = event.get("http.response.status_code")
    if code is not None:
        event["event.outcome"] = "failure" if code >= 400 else "success"
        if code in {401, 403}:
            event["event.severity"] = 25
            event["event.type"] = [*event["event.type"], "denied"]
    containers = flat.get("requestObject.spec.containers.0.securityContext.privileged")
    if containers is True:
        event["container.privileged"] = True
    if image := text(flat.get("requestObject.spec.containers.0.image")):
        event["container.image.name"] = image
    return close(event)[0]


def parse(framed: Framed, received: Received) -> list[Event]:
    raw = load_object(framed, NAME)
    items = raw.get("items")
    if raw.get("kind") == "EventList" and isinstance(items, list):
        events = [_one(item, framed, received) for item in items[:_MOST] if isinstance(item, dict)]
        if not events:
            raise ParseError("an EventList without events", NAME)
        return events
    return [_one(raw, framed, received)]


def sniff(framed: Framed) -> float:
    body = framed.body or framed.text
    if "{" not in body[:300]:
        return 0.0
    return 0.98 if "audit.k8s.io/" in body and '"kind"' in body else 0.0


PARSER = Parser(
    name=NAME,
    product="Kubernetes audit",
    data_kind="platform",
    reference="https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/",
    parse=parse,
    sniff=sniff,
    markers=("audit.k8s.io/",),
)
