"""Files and people made for tests."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from PIL import ExifTags, Image

from linli.kernel.access.rules import ANONYMOUS, Actor, ActorKind, Confidentiality, Grant
from linli.kernel.files import selectors, services
from linli.kernel.files.rules import FileOwner, Rendition
from linli.kernel.files.services import blobs
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
AREA = "25025/A1/"


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
