"""Bad files: each is refused clearly, early, and leaves nothing behind."""

from __future__ import annotations

import io
import random

import pytest

from linli.kernel.files import services
from linli.kernel.files.models import StoredFile
from linli.kernel.files.rules import FileLimits
from tests.integration.files.made import DOCX, PDF, SVG, bomb, on_disk, packed, picture, store, tagged


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
    refused = 0
    for form in ("JPEG", "PNG", "WEBP", "AVIF"):
        whole = bytearray(tagged() if form == "JPEG" else picture(form, size=(120, 90)))
        for _ in range(10):
            hurt = bytearray(whole)
            for _ in range(20):
                hurt[chance.randrange(16, len(hurt))] = chance.randrange(256)
            try:
                services.examine(content=bytes(hurt))
            except (services.BrokenFile, services.TooManyPixels):
                refused += 1
    assert refused > 10


def test_documents_can_be_left_out() -> None:
    with pytest.raises(services.TypeNotAccepted):
        services.examine(content=PDF, limits=FileLimits(documents=False))
