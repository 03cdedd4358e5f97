"""Photos and documents: sent first, named in a report or an action afterwards; read by those who may."""

from __future__ import annotations

from typing import Any, BinaryIO, Literal, cast
from uuid import UUID

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.paging import answers
from linli.interfaces.api.schemas import FileOut
from linli.kernel.clock.services import now
from linli.kernel.files.rules import Rendition
from linli.kernel.files.selectors import open_file
from linli.kernel.files.services import examine, store_file
from linli.kernel.writing import write

router = Router(tags=["files"])
PURPOSE = "api_upload"


@router.post("/files", auth=ApiAccess.signed_in(), response=answers((201, FileOut)), summary="Send a photo or document; goes after a day unless used")
def upload(request: HttpRequest, file: UploadedFile = File(...)) -> Any:  # noqa: B008 - the library's shape
    examined = examine(content=cast(BinaryIO, file), claimed_name=file.name or "", claimed_type=file.content_type or "")
    with write():
        stored = store_file(actor=actor_of_request(request), at=now(), content=examined, purpose=PURPOSE)
    point = stored.point
    return Status(
        201,
        {
            "id": stored.id,
            "name": stored.file.name,
            "kind": stored.file.kind,
            "content_type": stored.file.content_type,
            "lon": point.longitude if point else None,
            "lat": point.latitude if point else None,
        },
    )


@router.get(
    "/files/{file_id}/{rendition}",
    auth=ApiAccess.public(),
    response=answers(),
    url_name="file",
    summary="The content of a file: public forms for everyone, the rest for those who may",
    openapi_extra={"responses": {200: {"description": "the content", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}},
)
def content(request: HttpRequest, file_id: UUID, rendition: Literal["original", "large", "small", "public", "public_small"]) -> HttpResponseBase:
    opened = open_file(actor_of_request(request), file_id, Rendition(rendition))
    response = FileResponse(opened.stream, as_attachment=opened.attachment, filename=opened.name, content_type=opened.content_type)
    for name, value in opened.headers.items():
        response[name] = value
    response["Cache-Control"] = "public, max-age=3600" if opened.cacheable_by_all else "private, no-store"
    return response
