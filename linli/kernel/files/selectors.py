"""Files as their readers may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from uuid import UUID

from django.db.models import Prefetch

from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope
from linli.kernel.files.models import FileRendition, StoredFile
from linli.kernel.files.rules import FileKind, Region, Rendition, ReviewState, is_open_to_all, needed_level, regions_from
from linli.kernel.files.services import CLEAR, READ, FileMissing, blobs

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class FileView:
    """One file in a list: what it is and which renditions this reader may open."""

    id: UUID
    kind: FileKind
    state: ReviewState
    name: str
    content_type: str
    purpose: str
    at: datetime
    owner_type: str
    owner_id: UUID | None
    regions: tuple[Region, ...]
    renditions: Mapping[Rendition, tuple[int | None, int | None]]  # width, height in pixels


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """Content to send: close ``stream`` when it is sent. ``attachment``: save it, never show it in the page's place."""

    stream: IO[bytes]
    name: str
    content_type: str
    size: int
    attachment: bool
    cacheable_by_all: bool
    headers: Mapping[str, str]


def _may_read(actor: Actor, file: StoredFile, rendition: Rendition) -> bool:
    if is_open_to_all(rendition, ReviewState(file.state), file.confidentiality):
        return True
    if not file.owner_id and file.uploaded_by == actor.id and actor.user_id is not None:
        return True  # one's own upload, before it is sent
    return actor.may(READ, area_path=file.area_path, confidentiality=needed_level(rendition, file.confidentiality))


def open_file(actor: Actor, file_id: UUID, rendition: Rendition = Rendition.ORIGINAL) -> OpenedFile:
    """Open one rendition of a file for reading.

    Public renditions of cleared photos with a public owner are open to all; everything else takes ``files.read`` over
    the owner's area with clearance for its confidentiality, and for an original never less than internal.

    Raises:
        Forbidden: the actor may not read it.
        FileMissing: no such file, no such rendition, or its content was discarded. A reader without any right to the
            file hears "forbidden" or "missing" alike from the public renditions: what is not cleared is missing.
    """
    row = FileRendition.objects.select_related("file").filter(file_id=file_id, name=rendition).first()
    if row is None:
        raise FileMissing
    file = row.file
    if not _may_read(actor, file, rendition):
        actor.require(READ, area_path=file.area_path, confidentiality=needed_level(rendition, file.confidentiality))
    try:
        stream = blobs.storage().open(row.key)
    except FileNotFoundError:
        raise FileMissing from None
    stem, _, ending = file.name.rpartition(".")
    name = f"{stem}.webp" if row.content_type == "image/webp" and ending != "webp" else file.name
    return OpenedFile(
        stream=stream,
        name=name,
        content_type=row.content_type,
        size=row.size,
        attachment=file.kind != FileKind.PHOTO,
        cacheable_by_all=is_open_to_all(rendition, ReviewState(file.state), file.confidentiality),
        headers=HEADERS,
    )


def _view(file: StoredFile, actor: Actor) -> FileView:
    return FileView(
        id=file.id,
        kind=FileKind(file.kind),
        state=ReviewState(file.state),
        name=file.name,
        content_type=file.content_type,
        purpose=file.purpose,
        at=file.at,
        owner_type=file.owner_type,
        owner_id=file.owner_id,
        regions=regions_from(file.regions),
        renditions={Rendition(row.name): (row.width, row.height) for row in file.renditions.all() if _may_read(actor, file, Rendition(row.name))},
    )


_WITH_RENDITIONS = Prefetch("renditions", FileRendition.objects.order_by("id"))


def files_of(actor: Actor, owner_type: str, owner_ids: Sequence[UUID]) -> dict[UUID, list[FileView]]:
    """The files of some owners, oldest first, each with the renditions that this reader may open; two queries.

    Files of which the reader may open nothing are left out: their names may tell something.
    """
    found: dict[UUID, list[FileView]] = defaultdict(list)
    files = StoredFile.objects.filter(owner_type=owner_type, owner_id__in=list(owner_ids)).order_by("at", "id").prefetch_related(_WITH_RENDITIONS)
    for file in files:
        view = _view(file, actor)
        if view.renditions and file.owner_id:
            found[file.owner_id].append(view)
    return dict(found)


def photos_waiting(owner_type: str, owner_id: UUID) -> int:
    """How many photos of an owner nobody has looked at with the blur tool yet: a number that everyone may know."""
    return StoredFile.objects.filter(owner_type=owner_type, owner_id=owner_id, kind=FileKind.PHOTO, state=ReviewState.UNREVIEWED).count()


def public_rendition(file_id: UUID, rendition: Rendition = Rendition.PUBLIC) -> FileRendition | None:
    """The public form of a photo, or None while nobody has cleared it or its owner is not public."""
    return (
        FileRendition.objects.select_related("file")
        .filter(file_id=file_id, name=rendition, name__startswith="public", file__state=ReviewState.CLEARED, file__confidentiality=Confidentiality.PUBLIC)
        .first()
    )


def photos_to_review(actor: Actor, *, most: int = 50) -> list[FileView]:
    """Photos that wait for the blur tool within the actor's reach, oldest first.

    Raises:
        Forbidden: the actor may clear photos nowhere.
    """
    actor.require_somewhere(CLEAR)
    scopes = [scope for scope in actor.scopes(CLEAR) if scope.clearance >= Confidentiality.INTERNAL]
    waiting = (
        StoredFile.objects.filter(in_scope(scopes), state=ReviewState.UNREVIEWED, kind=FileKind.PHOTO, owner_id__isnull=False)
        .order_by("at")
        .prefetch_related(_WITH_RENDITIONS)[:most]
    )
    return [_view(file, actor) for file in waiting]
