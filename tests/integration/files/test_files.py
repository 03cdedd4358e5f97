"""Files: nothing bad gets in, nothing private gets out, nothing is half there."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from linli.kernel.access.rules import ANONYMOUS, Actor, Confidentiality, Forbidden, NotSignedIn
from linli.kernel.files import selectors, services, tasks
from linli.kernel.files.models import BlobRemoval, FileRendition, StoredFile
from linli.kernel.files.rules import FileKind, FileOwner, Region, Rendition, ReviewState
from linli.kernel.files.services import blobs
from linli.kernel.writing import write
from tests.integration.files.made import AREA, AT, DOCX, PDF, handler, on_disk, owner, packed, picture, read, store, tagged

# -- photos -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_photo_is_kept_upright_and_without_metadata_and_its_point_is_offered() -> None:
    sent = tagged(orientation=6)
    assert b"SECRETCAM" in sent and b"SECRETCOMMENT" in sent
    stored = store(sent, "a.jpg", "image/jpeg", owner())
    assert stored.point is not None
    assert (stored.point.longitude, stored.point.latitude) == (pytest.approx(-71.0583, abs=1e-4), pytest.approx(42.36))
    actor = handler("files.read")
    for rendition, size in ((Rendition.ORIGINAL, (400, 800)), (Rendition.LARGE, (400, 800)), (Rendition.SMALL, (160, 320))):
        content = read(actor, stored.id, rendition)
        assert b"SECRET" not in content and b"Exif" not in content and b"EXIF" not in content
        with Image.open(io.BytesIO(content)) as image:
            assert image.size == size and not dict(image.getexif())
    row = StoredFile.objects.values().get()
    assert not any("42.3" in str(value) or "71.0" in str(value) for value in row.values())


@pytest.mark.parametrize(("form", "ending", "kept_as"), [("PNG", "png", "image/jpeg"), ("WEBP", "webp", "image/jpeg"), ("AVIF", "avif", "image/jpeg")])
@pytest.mark.django_db
def test_every_photo_format_is_made_anew(form: str, ending: str, kept_as: str) -> None:
    stored = store(picture(form), f"a.{ending}", f"image/{ending}")
    assert (stored.file.kind, stored.file.content_type, stored.file.name) == (FileKind.PHOTO, kept_as, "a.jpg")
    assert set(stored.file.renditions.values_list("name", flat=True)) == {"original", "large", "small"}


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "I;16", "1"])
def test_every_colour_mode_is_decoded(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (50, 40)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert set(services.examine(content=out.getvalue()).renditions) == {Rendition.ORIGINAL, Rendition.LARGE, Rendition.SMALL}


@pytest.mark.django_db
def test_documents_stay_as_they_are_and_are_only_ever_saved() -> None:
    sent = packed(**DOCX)  # once: an archive holds the time of its making
    stored = store(sent, "报告.docx", "application/zip", owner())
    opened = selectors.open_file(handler("files.read"), stored.id)
    with opened.stream as stream:
        assert stream.read() == sent
    assert opened.attachment and opened.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in opened.headers["Content-Security-Policy"]


# -- who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_before_the_blur_tool_only_handlers_see_a_photo() -> None:
    stored = store(picture(), "a.jpg", owner=owner(Confidentiality.PUBLIC))
    assert read(handler("files.read"), stored.id, Rendition.LARGE)
    with pytest.raises(NotSignedIn):
        read(ANONYMOUS, stored.id, Rendition.SMALL)
    with pytest.raises(services.FileMissing):
        read(ANONYMOUS, stored.id, Rendition.PUBLIC)
    for stranger in (handler("matters.read"), handler("files.read", area="25025/B2/"), handler("files.read", clearance=Confidentiality.PUBLIC)):
        with pytest.raises(Forbidden):
            read(stranger, stored.id, Rendition.ORIGINAL)
    assert selectors.public_rendition(stored.id) is None
    assert selectors.files_of(ANONYMOUS, "matter", [stored.file.owner_id]) == {}


@pytest.mark.django_db
def test_clearing_shows_the_blurred_form_to_all_and_the_original_to_handlers_only() -> None:
    image = Image.new("RGB", (1000, 500), "white")
    for x in range(0, 500, 2):
        image.paste((0, 0, 0), (x, 0, x + 1, 500))
    out = io.BytesIO()
    image.save(out, "PNG")
    stored = store(out.getvalue(), "a.png", owner=owner())
    clerk = handler("files.clear", "files.read")
    assert [view.id for view in selectors.photos_to_review(clerk)] == [stored.id]
    with write():
        services.clear_photo(actor=clerk, at=AT, file_id=stored.id, regions=[Region(0, 0, 500, 1000)])
    assert selectors.photos_to_review(clerk) == []
    with Image.open(io.BytesIO(read(ANONYMOUS, stored.id, Rendition.PUBLIC))) as public:
        hidden = public.convert("L").crop((20, 20, 480, 480)).getextrema()
        assert hidden[1] - hidden[0] < 40, "the stripes are gone"
        assert public.convert("L").getpixel((900, 250)) > 250
    with pytest.raises(NotSignedIn):
        read(ANONYMOUS, stored.id, Rendition.ORIGINAL)
    views = selectors.files_of(ANONYMOUS, "matter", [stored.file.owner_id])[stored.file.owner_id]
    assert set(views[0].renditions) == {Rendition.PUBLIC, Rendition.PUBLIC_SMALL}
    assert selectors.public_rendition(stored.id) is not None

    with write():
        services.follow_owner(actor=clerk, at=AT, owner=FileOwner("matter", stored.file.owner_id, AREA, Confidentiality.PRIVATE))
    with pytest.raises(NotSignedIn):
        read(ANONYMOUS, stored.id, Rendition.PUBLIC)
    assert selectors.public_rendition(stored.id) is None


@pytest.mark.django_db
def test_clearing_is_refused_to_others_and_for_bad_regions() -> None:
    stored = store(picture(), "a.jpg", owner=owner())
    document = store(PDF, "a.pdf", owner=owner())
    clerk = handler("files.clear")
    cases: list[tuple[Actor, Any, list[Region], type[Exception]]] = [
        (handler("files.read"), stored.id, [], Forbidden),
        (handler("files.clear", area="25025/B2/"), stored.id, [], Forbidden),
        (ANONYMOUS, stored.id, [], NotSignedIn),
        (clerk, uuid4(), [], services.FileMissing),
        (clerk, document.id, [], services.NotAPhoto),
        (clerk, stored.id, [Region(0, 0, 0, 10)], services.BadRegion),
        (clerk, stored.id, [Region(0, 0, 1001, 10)], services.BadRegion),
        (clerk, stored.id, [Region(0, 0, 10, 10)] * 201, services.BadRegion),
    ]
    for actor, file_id, regions, refusal in cases:
        with pytest.raises(refusal), write():
            services.clear_photo(actor=actor, at=AT, file_id=file_id, regions=regions)
    assert StoredFile.objects.get(id=stored.id).state == ReviewState.UNREVIEWED
    with pytest.raises(Forbidden):
        selectors.photos_to_review(handler("files.read"))


@pytest.mark.django_db
def test_a_public_form_can_be_made_anew_and_taken_back() -> None:
    stored = store(picture(), "a.jpg", owner=owner())
    clerk = handler("files.clear", "files.read")
    with write():
        services.clear_photo(actor=clerk, at=AT, file_id=stored.id, regions=[])
    first = selectors.public_rendition(stored.id)
    with write():
        services.clear_photo(actor=clerk, at=AT, file_id=stored.id, regions=[Region(0, 0, 1000, 1000)])
    second = selectors.public_rendition(stored.id)
    assert first is not None and second is not None and first.key != second.key
    tasks.remove_blobs()
    assert first.key not in on_disk() and second.key in on_disk()
    with write():
        services.withdraw_photo(actor=clerk, at=AT, file_id=stored.id)
    assert selectors.public_rendition(stored.id) is None
    with pytest.raises(services.FileMissing):
        read(ANONYMOUS, stored.id, Rendition.PUBLIC)


@pytest.mark.django_db
def test_files_go_to_the_owner_of_the_one_who_sent_them_once() -> None:
    sender, other = handler(), handler()
    stored = store(picture(), "a.jpg", actor=sender)
    theirs = owner()
    with pytest.raises(services.FileMissing), write():
        services.attach_files(actor=other, at=AT, file_ids=[stored.id], owner=theirs)
    for _ in range(2):  # a repeated request changes nothing
        with write():
            services.attach_files(actor=sender, at=AT, file_ids=[stored.id], owner=theirs)
    with pytest.raises(services.FileTaken), write():
        services.attach_files(actor=sender, at=AT, file_ids=[stored.id], owner=owner())
    assert StoredFile.objects.get().owner_id == theirs.id and StoredFile.objects.get().discard_after is None


# -- retention and crashes --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_retention_takes_originals_and_leaves_cleared_public_forms() -> None:
    cleared, seen, unowned = store(picture(), owner=owner()), store(picture(size=(400, 300)), owner=owner()), store(picture(size=(300, 300)))
    clerk = handler("files.clear", "files.read")
    with write():
        services.clear_photo(actor=clerk, at=AT, file_id=cleared.id, regions=[])
        ids = [cleared.file.owner_id, seen.file.owner_id]
        services.keep_files_until(actor=clerk, at=AT, owner_type="matter", owner_ids=ids, until=AT + timedelta(days=30))
    with write():
        assert services.discard_due_files(actor=Actor.system("retention"), at=AT + timedelta(days=2)) == 1
    assert set(StoredFile.objects.values_list("id", flat=True)) == {cleared.id, seen.id} and unowned.id
    with write():
        assert services.discard_due_files(actor=Actor.system("retention"), at=AT + timedelta(days=31)) == 2
        assert services.discard_due_files(actor=Actor.system("retention"), at=AT + timedelta(days=31)) == 0
    tasks.remove_blobs()
    assert read(ANONYMOUS, cleared.id, Rendition.PUBLIC)
    with pytest.raises(services.FileMissing):
        read(clerk, cleared.id, Rendition.ORIGINAL)
    with pytest.raises(services.OriginalGone), write():
        services.clear_photo(actor=clerk, at=AT, file_id=cleared.id, regions=[])
    assert not StoredFile.objects.filter(id=seen.id).exists()
    assert set(on_disk()) == set(FileRendition.objects.values_list("key", flat=True))


@pytest.mark.django_db
def test_equal_content_is_stored_once_and_goes_with_its_last_file() -> None:
    content = picture()
    first, second = store(content), store(content)
    assert len(on_disk()) == 3 and FileRendition.objects.count() == 6
    with write():
        services.delete_files(actor=Actor.system("test"), at=AT, file_ids=[first.id])
    tasks.remove_blobs()
    assert len(on_disk()) == 3
    with write():
        services.delete_files(actor=Actor.system("test"), at=AT, file_ids=[second.id])
    tasks.remove_blobs()
    assert on_disk() == [] and not BlobRemoval.objects.exists()


def test_a_crash_leaves_content_without_a_row_and_the_cleaner_takes_it(committed: str, tmp_path: Path) -> None:
    kept = store(picture(), owner=owner())
    with pytest.raises(RuntimeError), write():
        services.store_file(actor=ANONYMOUS, at=AT, content=picture(size=(400, 400)), purpose="report_photo")
        raise RuntimeError("the power fails")
    part = tmp_path / "files" / "ab" / f"{blobs.PART}xyz"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half")
    assert len(on_disk()) == 7
    clock = datetime.now(UTC)
    assert blobs.remove_orphans(clock) == 0, "young content may belong to a write that is under way"
    assert blobs.remove_orphans(clock + timedelta(hours=2)) == 4
    assert sorted(on_disk()) == sorted(kept.file.renditions.values_list("key", flat=True))


def test_the_cleaner_waits_for_a_writer_of_the_same_content(committed: str) -> None:
    """A key that an unfinished write has just taken up again is not removed under its hands."""
    content = picture()
    first = store(content)
    keys = list(first.file.renditions.values_list("key", flat=True))
    with write():
        services.delete_files(actor=Actor.system("test"), at=AT, file_ids=[first.id])
    with psycopg.connect(committed) as writer:
        for key in keys:
            number = blobs.lock_number(key)
            writer.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", (blobs.LOCK_SPACE, number))
        assert tasks.remove_blobs() == 0 and len(on_disk()) == 3
    assert tasks.remove_blobs() == 3 and on_disk() == []


def test_a_local_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_handle: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        blobs.storage().save("ab/cd/abcd", ContentFile(b"content"))
    assert on_disk() == []
