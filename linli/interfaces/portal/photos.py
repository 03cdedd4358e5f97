"""Photos: everyone sees what was cleared, handlers see the rest; the file room decides each time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from linli.engines.matters.services.report import FILE_OWNER
from linli.interfaces.access import actor_of_request, public_route
from linli.kernel.access.rules import ANONYMOUS
from linli.kernel.files.rules import Rendition
from linli.kernel.files.selectors import FileView, files_of, open_file
from linli.kernel.files.services import FileMissing


def public_photos(matter_ids: Collection[UUID]) -> Mapping[UUID, list[FileView]]:
    """The photos of matters that somebody has cleared. Two queries."""
    return files_of(ANONYMOUS, FILE_OWNER, list(matter_ids))


@public_route
@require_safe
def photo(request: HttpRequest, file_id: UUID, rendition: str) -> HttpResponseBase:
    """One rendition of a file, for those who may see it."""
    if rendition not in list(Rendition):
        raise FileMissing
    opened = open_file(actor_of_request(request), file_id, Rendition(rendition))
    response = FileResponse(
        opened.stream, as_attachment=opened.attachment, filename=opened.name, content_type=opened.content_type, headers=dict(opened.headers)
    )
    # A cleared photo can be taken back: browsers ask again after an hour, and nobody else keeps what only handlers may see.
    response["Cache-Control"] = "public, max-age=3600" if opened.cacheable_by_all else "private, no-store"
    return response
