"""What shows that something was done: photos and a signature, kept with what they show for as long as the playbook says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from linli.kernel.access.rules import Actor
from linli.kernel.files.rules import FileKind, FileOwner
from linli.kernel.files.services import Examined, keep_files_until, store_file
from linli.kernel.refusal import N_, Refusal

PHOTOS_MOST = 6
PHOTO, SIGNATURE = "duty_photo", "duty_signature"


class TooManyPhotos(Refusal):
    code = "duties.too_many_photos"
    message = N_("At most %(most)s photos are taken at once.")
    field = "photos"


class NotAPicture(Refusal):
    code = "duties.not_a_picture"
    message = N_("Photos and signatures are pictures.")
    field = "photos"


def check_pictures(photos: Sequence[Examined], signature: Examined | None) -> None:
    """Say that these can be kept.

    Raises:
        TooManyPhotos, NotAPicture.
    """
    if len(photos) > PHOTOS_MOST:
        raise TooManyPhotos(most=PHOTOS_MOST)
    if any(file.kind is not FileKind.PHOTO for file in (*photos, *([signature] if signature is not None else []))):
        raise NotAPicture()


def keep_pictures(
    photos: Sequence[Examined], signature: Examined | None, *, owner: FileOwner, until: datetime, actor: Actor, at: datetime
) -> list[str]:  # fmt: skip
    """Store them until ``until``; their ids. None where there are none."""
    given = [*((photo, PHOTO) for photo in photos), *([(signature, SIGNATURE)] if signature is not None else [])]
    ids = [str(store_file(actor=actor, at=at, content=file, purpose=purpose, owner=owner).id) for file, purpose in given]
    if ids:
        keep_files_until(actor=actor, at=at, owner_type=owner.type, owner_ids=[owner.id], until=until)
    return ids
