"""Serving the dashboards: hashed assets for ever, the page itself never from a cache, every other path the page.

The folder is looked at on each request, so that a build made while the API runs appears without a restart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from api.dependencies import ServicesDep
from taishi.errors import NotFound

IMMUTABLE: Final = "public, max-age=31536000, immutable"

COMPRESSED: Final = (("br", ".br"), ("gzip", ".gz"))

HINT: Final = """<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>Taishi 态势</title></head>
<body>
<h1>Taishi 态势</h1>
<p>接口已运行，但尚未构建前端。请在源码目录执行 <code>make setup</code>，
或用 <code>TAISHI_API__DASHBOARDS_DIR</code> 指向已构建的目录，然后刷新本页。</p>
<p lang="en">The API is running, but the dashboards are not built. Run <code>make setup</code> in the source tree,
or point <code>TAISHI_API__DASHBOARDS_DIR</code> at a built folder, and reload. The API is described at
<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


def find(folder: Path, path: str) -> Path | None:
    """The file a request path names, never outside the folder."""
    root = folder.resolve()
    try:
        target = (root / path).resolve()
        return target if target.is_relative_to(root) and target.is_file() else None
    except (OSError, ValueError):  # too long a name, a NUL: no file of ours
        return None


def _send(file: Path, request: Request, cache: str) -> Response:
    """The file, or its pre-compressed twin where the client takes it."""
    accepted = {part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    plain = FileResponse(file, headers=headers)
    for name, suffix in COMPRESSED:
        twin = file.with_name(file.name + suffix)
        if name in accepted and twin.is_file():
            headers["Content-Encoding"] = name
            return FileResponse(twin, headers=headers, media_type=plain.media_type)
    return plain


@router.get("/{path:path}")
def serve(path: str, request: Request, services: ServicesDep) -> Response:
    folder = services.settings.api.dashboards_dir
    if path.startswith(("api/", "assets/", "health/")) and find(folder, path) is None:
        raise NotFound("there is nothing at this address")
    index = find(folder, "index.html")
    if index is None:
        return HTMLResponse(HINT, status_code=503, headers={"Cache-Control": "no-store"})
    file = find(folder, path) if path else None
    if file is None or file == index:
        return _send(index, request, "no-cache")
    return _send(file, request, IMMUTABLE if path.startswith("assets/") else "public, max-age=3600")
