"""The OpenAPI document. `python -m api.openapi` prints it; the dashboards' client is generated from that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.live import LiveChange
from api.problems import MEDIA_TYPE, TITLES, FieldProblem, Problem
from api.routes import all_routes

PUBLIC_OPERATIONS = frozenset({"sign_in", "get_platform"})
"""Operations that answer without a session."""

Document = dict[str, Any]


def operation_id(route: APIRoute) -> str:
    """The handler's name: short, stable, and unique over all areas (a test sees to it)."""
    return route.name


def _statuses(method: str, operation: Document) -> list[int]:
    parameters = operation.get("parameters", [])
    found = {422}
    if operation["operationId"] not in PUBLIC_OPERATIONS:
        found |= {401, 403}
    if any(parameter["in"] == "path" for parameter in parameters):
        found.add(404)
    if method in {"post", "patch"}:
        found.add(409)
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        found |= {412, 428}
    if "q" in {parameter["name"] for parameter in parameters}:
        found.add(400)
    if operation["operationId"] == "sign_in":
        found |= {401, 429}
    return sorted(found)


def _add_problems(document: Document) -> None:
    for path in document["paths"].values():
        for method, operation in path.items():
            for status in _statuses(method, operation):
                operation["responses"][str(status)] = {
                    "description": TITLES[status][0],
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }


def build(app: FastAPI) -> Document:
    """The document of an app: FastAPI's own, with the problem documents and the live events that it cannot see."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    schemas = document["components"]["schemas"]
    for model in (FieldProblem, Problem, LiveChange):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    _add_problems(document)
    return document


def describe(app: FastAPI) -> Callable[[], Document]:
    """What `app.openapi` calls: the document, made once."""
    made: list[Document] = []

    def openapi() -> Document:
        if not made:
            made.append(build(app))
        return made[0]

    return openapi


def new_app(**more: Any) -> FastAPI:
    """An app with all API routes and nothing behind them yet."""
    app = FastAPI(
        title="Taishi",
        version=version("taishi"),
        description="Industrial-internet security situational awareness. Times are epoch seconds (UTC).",
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        **more,
    )
    app.include_router(all_routes())
    app.openapi = describe(app)  # type: ignore[method-assign]  # the documented way to extend the document
    return app


def main() -> None:
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(new_app().openapi(), option=options))


if __name__ == "__main__":
    main()
