"""Verbs on files: store, give to an owner, clear a photo for the public, let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from django.db import connection

from linli.kernel.access.rules import Actor, Confidentiality, declare
from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.erasures.services import note_erasures
from linli.kernel.files.models import FileRendition, StoredFile
from linli.kernel.files.rules import (
    HANDLER_RENDITIONS,
    MAX_REGIONS,
    PUBLIC_RENDITIONS,
    FileKind,
    FileLimits,
    FileOwner,
    OfferedPoint,
    Region,
    Rendition,
    ReviewState,
    needed_level,
)
from linli.kernel.files.services import blobs
from linli.kernel.files.services.examine import Examined, Rendered, blurred, examine
from linli.kernel.refusal import N_, Kind, Refusal

UNOWNED_FOR = timedelta(days=1)  # how long an upload waits for the report that it belongs to
ERASED = "files.file"  # what the register of erasures calls it
READ = declare("files.read", text=N_("see photos and documents"))
CLEAR = declare("files.clear", text=N_("blur photos and show them to the public"))


class FileMissing(Refusal):
    code = "files.missing"
    message = N_("There is no such file.")
    kind = Kind.MISSING
    field = "file"


class FileTaken(Refusal):
    code = "files.taken"
    message = N_("This file belongs to something else already.")
    kind = Kind.CONFLICT
    field = "file"


class NotAPhoto(Refusal):
    code = "files.not_a_photo"
    message = N_("Only a photo can be blurred and shown.")
    field = "file"


class OriginalGone(Refusal):
    code = "files.original_gone"
    message = N_("The original photo has been deleted; its public form cannot be changed any more.")
    kind = Kind.CONFLICT
    field = "file"


class BadRegion(Refusal):
    code = "files.bad_region"
    message = N_("A region to blur must lie within the picture (thousandths from 0 to 1000), and there can be at most %(most)s.")
    field = "regions"


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored file and the point that its camera offered, if any. The point is for the caller alone: no row holds it."""

    file: StoredFile
    point: OfferedPoint | None

    @property
    def id(self) -> UUID:
        return self.file.id


def _entry(actor: Actor, at: datetime, action: str, file_id: UUID, to_state: str = "", **details: object) -> Entry:
    return Entry(at=at, actor=actor.id, action=action, subject_type="file", subject=file_id, to_state=to_state, details=details)


def _add_renditions(file: StoredFile, renditions: Mapping[Rendition, Rendered]) -> None:
    rows = []
    for name, rendered in renditions.items():
        with rendered.content as content:
            key, size = blobs.keep(content)
        rows.append(FileRendition(file=file, name=name, key=key, content_type=rendered.content_type, size=size, width=rendered.width, height=rendered.height))
    FileRendition.objects.bulk_create(rows)


def store_file(
    *,
    actor: Actor,
    at: datetime,
    content: BinaryIO | bytes | Examined,
    purpose: str,
    claimed_name: str = "",
    claimed_type: str = "",
    limits: FileLimits | None = None,
    owner: FileOwner | None = None,
) -> Stored:
    """Store one uploaded file. Anyone may: what is stored is seen by handlers only.

    ``content`` may be what :func:`examine` returned, so that a large photo is decoded before the write opens and no
    connection waits for it. Without an ``owner`` the file is discarded after a day unless :func:`attach_files` gives it one.

    Raises:
        the refusals of :func:`linli.kernel.files.services.examine.examine`.
    """
    examined = content if isinstance(content, Examined) else examine(content=content, claimed_name=claimed_name, claimed_type=claimed_type, limits=limits)
    file = StoredFile.objects.create(
        purpose=purpose,
        kind=examined.kind,
        name=examined.name,
        content_type=examined.media.name,
        uploaded_by=actor.id,
        at=at,
        recorded_at=machine_now(),
        owner_type=owner.type if owner else "",
        owner_id=owner.id if owner else None,
        area_path=owner.area_path if owner else "",
        confidentiality=owner.confidentiality if owner else Confidentiality.PRIVATE,
        discard_after=None if owner else at + UNOWNED_FOR,
    )
    _add_renditions(file, examined.renditions)
    record([_entry(actor, at, "files.store", file.id, ReviewState.UNREVIEWED, kind=examined.kind, purpose=purpose)])
    return Stored(file, examined.point)


def attach_files(*, actor: Actor, at: datetime, file_ids: Sequence[UUID], owner: FileOwner) -> None:
    """Give files that the same actor uploaded, and that belong to nothing yet, to their owner.

    Raises:
        FileMissing: one of them does not exist or was uploaded by somebody else.
        FileTaken: one of them has another owner.
    """
    wanted = sorted(set(file_ids))
    found = list(StoredFile.objects.select_for_update().filter(id__in=wanted, uploaded_by=actor.id).order_by("id"))
    if len(found) != len(wanted):
        raise FileMissing
    fresh = [file for file in found if (file.owner_type, file.owner_id) != (owner.type, owner.id)]
    if any(file.owner_id for file in fresh):
        raise FileTaken
    StoredFile.objects.filter(id__in=[file.id for file in fresh]).update(
        owner_type=owner.type, owner_id=owner.id, area_path=owner.area_path, confidentiality=owner.confidentiality, discard_after=None
    )
    record([_entry(actor, at, "files.attach", file.id, owner=owner.type) for file in fresh])


def follow_owner(*, actor: Actor, at: datetime, owner: FileOwner) -> int:
    """Bring an owner's files to the area and confidentiality that it has now; return how many changed."""
    files = StoredFile.objects.filter(owner_type=owner.type, owner_id=owner.id).exclude(area_path=owner.area_path, confidentiality=owner.confidentiality)
    changed = list(files.values_list("id", flat=True))
    files.update(area_path=owner.area_path, confidentiality=owner.confidentiality)
    record([_entry(actor, at, "files.follow_owner", file_id, confidentiality=owner.confidentiality) for file_id in changed])
    return len(changed)


def follow_paths(*, moved: Mapping[str, str]) -> int:
    """Give the files of these area paths the new ones (old → new), where areas moved in the tree; return how many. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {StoredFile._meta.db_table} AS f SET area_path = given.new"
            " FROM unnest(%s::text[], %s::text[]) AS given (old, new) WHERE f.area_path = given.old",
            [list(moved), list(moved.values())],
        )
        return int(cursor.rowcount)


def clear_photo(*, actor: Actor, at: datetime, file_id: UUID, regions: Sequence[Region]) -> StoredFile:
    """Someone has looked at a photo: blur ``regions`` (none, where there is nothing to hide) and make its public form.

    Done again, it replaces the public form. The original stays as it was, for handlers only.

    Raises:
        Forbidden: the actor has no ``files.clear`` there.
        FileMissing, NotAPhoto, OriginalGone, BadRegion.
    """
    file = StoredFile.objects.select_for_update().filter(id=file_id).first()
    if file is None:
        raise FileMissing
    actor.require(CLEAR, area_path=file.area_path, confidentiality=needed_level(Rendition.ORIGINAL, file.confidentiality))
    if file.kind != FileKind.PHOTO:
        raise NotAPhoto
    if len(regions) > MAX_REGIONS or not all(region.is_sound for region in regions):
        raise BadRegion(most=MAX_REGIONS)
    original = file.renditions.filter(name=Rendition.ORIGINAL).first()
    if original is None:
        raise OriginalGone
    with blobs.storage().open(original.key) as content:
        public = blurred(content, original.content_type, regions)
    _drop_renditions([file.id], PUBLIC_RENDITIONS, at)
    _add_renditions(file, public)
    before = file.state
    file.state, file.cleared_at, file.cleared_by = ReviewState.CLEARED, at, actor.id
    file.regions = [[region.left, region.top, region.right, region.bottom] for region in regions]
    file.save(update_fields=["state", "cleared_at", "cleared_by", "regions"])
    entry = Entry(
        at=at,
        actor=actor.id,
        action="files.clear",
        subject_type="file",
        subject=file.id,
        from_state=before,
        to_state=file.state,
        details={"regions": len(regions)},
    )
    record([entry])
    return file


def withdraw_photo(*, actor: Actor, at: datetime, file_id: UUID) -> StoredFile:
    """Take a cleared photo back from the public; it waits for the blur tool again.

    Raises:
        Forbidden, FileMissing, NotAPhoto.
    """
    file = StoredFile.objects.select_for_update().filter(id=file_id).first()
    if file is None:
        raise FileMissing
    actor.require(CLEAR, area_path=file.area_path, confidentiality=needed_level(Rendition.ORIGINAL, file.confidentiality))
    if file.kind != FileKind.PHOTO:
        raise NotAPhoto
    _drop_renditions([file.id], PUBLIC_RENDITIONS, at)
    before = file.state
    file.state, file.cleared_at, file.cleared_by, file.regions = ReviewState.UNREVIEWED, None, "", []
    file.save(update_fields=["state", "cleared_at", "cleared_by", "regions"])
    record([Entry(at=at, actor=actor.id, action="files.withdraw", subject_type="file", subject=file.id, from_state=before, to_state=file.state)])
    return file


def keep_files_until(*, actor: Actor, at: datetime, owner_type: str, owner_ids: Sequence[UUID], until: datetime | None) -> int:
    """Set when the originals of these owners' files are discarded (their retention); None: not while it is open. Return how many files."""
    files = StoredFile.objects.filter(owner_type=owner_type, owner_id__in=list(owner_ids), original_discarded_at=None)
    ids = list(files.values_list("id", flat=True))
    files.update(discard_after=until)
    record([_entry(actor, at, "files.keep_until", file_id, until=until.isoformat() if until else "") for file_id in ids])
    return len(ids)


def delete_files(*, actor: Actor, at: datetime, file_ids: Sequence[UUID]) -> int:
    """Delete files with all their renditions, public ones included (a request to be forgotten, a withdrawn report); return how many."""
    files = list(StoredFile.objects.select_for_update().filter(id__in=list(file_ids)).order_by("id"))
    _delete(files, at)
    record([_entry(actor, at, "files.delete", file.id, "deleted") for file in files])
    note_erasures(kind=ERASED, subjects=[file.id for file in files], at=at)
    return len(files)


def delete_again(file_ids: Sequence[UUID], at: datetime) -> int:
    """Delete files that a restored backup has brought back; return how many."""
    return delete_files(actor=Actor.system("restore"), at=at, file_ids=file_ids)


def delete_files_of(*, actor: Actor, at: datetime, owner_type: str, owner_ids: Sequence[UUID]) -> int:
    """:func:`delete_files` for everything that belongs to these owners."""
    ids = StoredFile.objects.filter(owner_type=owner_type, owner_id__in=list(owner_ids)).values_list("id", flat=True)
    return delete_files(actor=actor, at=at, file_ids=list(ids))


def discard_due_files(*, actor: Actor, at: datetime, most: int = 500) -> int:
    """Carry out retention on up to ``most`` files whose time has come; return how many.

    A cleared photo keeps its public renditions and loses the rest; any other file goes entirely.
    """
    due = list(StoredFile.objects.select_for_update(skip_locked=True).filter(discard_after__lte=at).order_by("discard_after")[:most])
    kept = [file for file in due if file.state == ReviewState.CLEARED and file.owner_id]
    gone = [file for file in due if not (file.state == ReviewState.CLEARED and file.owner_id)]
    _drop_renditions([file.id for file in kept], HANDLER_RENDITIONS, at)
    StoredFile.objects.filter(id__in=[file.id for file in kept]).update(original_discarded_at=at, discard_after=None)
    _delete(gone, at)
    record([_entry(actor, at, "files.discard_original", file.id) for file in kept] + [_entry(actor, at, "files.delete", file.id, "deleted") for file in gone])
    return len(due)


def _drop_renditions(file_ids: Sequence[UUID], names: Sequence[Rendition], at: datetime) -> None:
    rows = FileRendition.objects.filter(file_id__in=list(file_ids), name__in=list(names))
    blobs.remove_later(list(rows.values_list("key", flat=True)), at)
    rows.delete()


def _delete(files: Sequence[StoredFile], at: datetime) -> None:
    ids = [file.id for file in files]
    _drop_renditions(ids, list(Rendition), at)
    StoredFile.objects.filter(id__in=ids).delete()
