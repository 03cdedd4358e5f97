"""Files: nothing bad gets in, nothing private gets out, nothing is half there."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.files.base import ContentFile
from PIL import ExifTags, Image

from linli.kernel.access.rules import ANONYMOUS, Actor, ActorKind, Confidentiality, Forbidden, Grant, NotSignedIn
from linli.kernel.files import selectors, services, tasks
from linli.kernel.files.models import BlobRemoval, FileRendition, StoredFile
from linli.kernel.files.rules import FileKind, FileLimits, FileOwner, Region, Rendition, ReviewState
from linli.kernel.files.services import blobs
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
AREA = "25025/A1/"


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> Iterator[None]:
    backend = {"BACKEND": "linli.kernel.files.services.blobs.LocalBlobs", "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "files": backend}
    yield


def handler(*permissions: str, area: str = AREA, clearance: Confidentiality = Confidentiality.PRIVATE) -> Actor:
    user = uuid4()
    grants = (Grant("handler", frozenset(permissions), area, clearance),)
    return Actor(id=f"user:{user}", kind=ActorKind.USER, user_id=user, grants=grants)


def picture(form: str = "JPEG", size: tuple[int, int] = (800, 600), **options: Any) -> bytes:
    image = Image.effect_noise(size, 60).convert("RGB")
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def tagged(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "SECRETCAM"
    gps = ExifTags.GPS
    place = {gps.GPSLatitudeRef: "N", gps.GPSLatitude: (42.0, 21.0, 36.0), gps.GPSLongitudeRef: "W", gps.GPSLongitude: (71.0, 3.0, 30.0)}
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place)
    return picture(exif=exif, comment=b"SECRETCOMMENT", size=(800, 400))


def packed(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/"), text)
    return out.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few bytes that claims 900 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
DOCX = {"[Content_Types].xml": "<x/>", "word__document.xml": "<x/>"}


def store(content: Any, name: str = "", claim: str = "", owner: FileOwner | None = None, actor: Actor = ANONYMOUS) -> services.Stored:
    with write():
        return services.store_file(actor=actor, at=AT, content=content, claimed_name=name, claimed_type=claim, purpose="report_photo", owner=owner)


def owner(confidentiality: Confidentiality = Confidentiality.PUBLIC, area: str = AREA) -> FileOwner:
    return FileOwner("matter", uuid4(), area, confidentiality)


def read(actor: Actor, file_id: Any, rendition: Rendition) -> bytes:
    opened = selectors.open_file(actor, file_id, rendition)
    with opened.stream as stream:
        return stream.read()


def on_disk() -> list[str]:
    return [key for key, _ in blobs.stored_keys()]


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "claim", "refusal"),
    [
        (b"", "a.jpg", "image/jpeg", services.FileEmpty),
        (picture("PNG"), "a.jpg", "image/jpeg", services.FalseType),
        (picture(), "a.png", "", services.FalseType),
        (picture(), "a.jpg", "text/html", services.FalseType),
        (PDF, "a.jpg", "image/jpeg", services.FalseType),
        (packed(**DOCX), "a.xlsx", "", services.FalseType),
        (SVG, "a.svg", "image/svg+xml", services.TypeNotAccepted),
        (SVG, "a.png", "image/png", services.TypeNotAccepted),
        (b"<!doctype html><script>alert(1)</script>", "a.jpg", "image/jpeg", services.TypeNotAccepted),
        (b"MZ" + bytes(500), "a.jpg", "image/jpeg", services.TypeNotAccepted),
        (b"just words", "a.txt", "text/plain", services.TypeNotAccepted),
        (picture("GIF"), "a.gif", "image/gif", services.TypeNotAccepted),
        (picture("TIFF"), "a.tif", "image/tiff", services.TypeNotAccepted),
        (packed(a="1"), "a.zip", "application/zip", services.TypeNotAccepted),
        (packed(**DOCX, **{"word__vbaProject.bin": "x"}), "a.docx", "", services.ActiveContent),
        (packed(**DOCX)[:-30], "a.docx", "", services.BrokenFile),
        (picture()[:5000], "a.jpg", "image/jpeg", services.BrokenFile),
        (picture("PNG")[:5000], "a.png", "image/png", services.BrokenFile),
        (picture("WEBP")[:3000], "a.webp", "image/webp", services.BrokenFile),
        (b"\xff\xd8\xff\xe0" + bytes(300), "a.jpg", "image/jpeg", services.BrokenFile),
        (PDF[:-8], "a.pdf", "application/pdf", services.BrokenFile),
        (bomb(), "a.png", "image/png", services.TooManyPixels),
        (bomb(9_000, 6_000), "a.png", "image/png", services.TooManyPixels),
    ],
)
@pytest.mark.django_db
def test_bad_files_are_refused_and_leave_nothing(content: bytes, name: str, claim: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        store(content, name, claim)
    assert not StoredFile.objects.exists() and on_disk() == []


class Endless(io.RawIOBase):
    """A photo that never ends; counts what was read of it."""

    def __init__(self, start: bytes) -> None:
        self.start, self.given = start, 0

    def read(self, count: int = -1) -> bytes:
        assert count > 0, "nobody may ask for all of it"
        part = self.start[self.given : self.given + count] or bytes(count)
        self.given += len(part)
        return part


@pytest.mark.parametrize("start", [picture(), PDF, packed(**DOCX)])
def test_a_huge_stream_is_refused_before_it_is_read(start: bytes) -> None:
    limits = FileLimits(photo_bytes=1_000_000, document_bytes=1_000_000)
    stream = Endless(start)
    with pytest.raises(services.FileTooLarge):
        services.examine(content=stream, limits=limits)  # type: ignore[arg-type]
    assert stream.given <= 1_000_000 + (1 << 17)


def test_a_file_that_announces_its_size_is_refused_at_its_head() -> None:
    stream = Endless(picture())
    stream.size = 200_000_000  # type: ignore[attr-defined]
    with pytest.raises(services.FileTooLarge):
        services.examine(content=stream)  # type: ignore[arg-type]
    assert stream.given <= 1 << 17


def test_damaged_photos_of_every_kind_are_refused_or_decoded() -> None:
    """Ten damages to each format: a refusal or a picture, never another exception."""
    chance = random.Random(7)
    for form in ("JPEG", "PNG", "WEBP", "AVIF"):
        whole = bytearray(tagged() if form == "JPEG" else picture(form, size=(120, 90)))
        for _ in range(10):
            hurt = bytearray(whole)
            for _ in range(20):
                hurt[chance.randrange(16, len(hurt))] = chance.randrange(256)
            try:
                services.examine(content=bytes(hurt))
            except services.BrokenFile:
                continue
            except services.TooManyPixels:
                continue


def test_documents_can_be_left_out() -> None:
    with pytest.raises(services.TypeNotAccepted):
        services.examine(content=PDF, limits=FileLimits(documents=False))


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
    stored = store(packed(**DOCX), "报告.docx", "application/zip", owner())
    opened = selectors.open_file(handler("files.read"), stored.id)
    with opened.stream as stream:
        assert stream.read() == packed(**DOCX)
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
