"""/imports: enterprises and sources, many at once."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.dependencies import Importer, ServicesDep
from api.imports import commands, files
from api.imports.schemas import ImportQuery, ImportResult, TemplateQuery

router = APIRouter(prefix="/imports", tags=["sources"])

_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        files.XLSX: {"schema": {"type": "string", "format": "binary"}},
        "application/json": {"schema": {"type": "array", "items": {"type": "object"}, "maxItems": files.MAX_ROWS}},
    },
}


async def _data(request: Request) -> bytes:
    return await request.body()


@router.post("", openapi_extra={"requestBody": _BODY})
def import_rows(
    query: Annotated[ImportQuery, Query()],
    caller: Importer,
    services: ServicesDep,
    data: Annotated[bytes, Depends(_data)],
) -> ImportResult:
    """Enterprises or sources out of CSV, Excel or JSON: what would be done, or, with `apply`, done: all rows or none."""
    return commands.run(services, caller, query.kind, data, wanted=query.apply)


@router.get("/template", response_class=Response)
def get_import_template(query: Annotated[TemplateQuery, Query()], caller: Importer) -> Response:
    """A file to fill in."""
    media = files.XLSX if query.form == "xlsx" else "text/csv; charset=utf-8"
    name = f"taishi-{query.kind}.{query.form}"
    return Response(
        files.write(query.kind, query.form),
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
