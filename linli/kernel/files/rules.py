"""What a file may be, what it is called, and who may see which rendition: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from linli.kernel.access.rules import Confidentiality

MEGABYTE = 1024 * 1024
NAME_LENGTH = 120
WHOLE = 1000  # regions are measured in thousandths of the picture's width and height
MAX_REGIONS = 200


class FileKind(StrEnum):
    PHOTO = "photo"
    DOCUMENT = "document"


class ReviewState(StrEnum):
    """Whether someone has looked at a photo with the blur tool (DECIDED 20)."""

    UNREVIEWED = "unreviewed"
    CLEARED = "cleared"


class Rendition(StrEnum):
    """The forms in which a file is kept. The public ones exist once a photo is cleared."""

    ORIGINAL = "original"
    LARGE = "large"
    SMALL = "small"
    PUBLIC = "public"
    PUBLIC_SMALL = "public_small"

    @property
    def is_public(self) -> bool:
        return self in (Rendition.PUBLIC, Rendition.PUBLIC_SMALL)


HANDLER_RENDITIONS = (Rendition.ORIGINAL, Rendition.LARGE, Rendition.SMALL)
PUBLIC_RENDITIONS = (Rendition.PUBLIC, Rendition.PUBLIC_SMALL)
LARGE_SIDE, SMALL_SIDE = 1600, 320  # pixels of the longer side


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What is accepted. Bytes count as sent; ``pixels`` is width × height as the file's header claims them."""

    photo_bytes: int = 15 * MEGABYTE
    document_bytes: int = 25 * MEGABYTE
    pixels: int = 50_000_000
    stored_side: int = 3200
    documents: bool = True

    def bytes_for(self, kind: FileKind) -> int:
        return self.photo_bytes if kind == FileKind.PHOTO else self.document_bytes


PHOTOS_ONLY = FileLimits(documents=False)
SIGNATURE_ONLY = FileLimits(photo_bytes=MEGABYTE // 2, pixels=4_000_000, documents=False)


@dataclass(frozen=True, slots=True)
class MediaType:
    """A type on the list: its name, other names that it goes by, its endings (the first is used), its kind."""

    name: str
    kind: FileKind
    endings: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    decoder: str = ""  # Pillow's name of a photo's format
    proof: str = ""  # for packed documents: the part that makes it one


_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
TYPES: tuple[MediaType, ...] = (
    MediaType("image/jpeg", FileKind.PHOTO, ("jpg", "jpeg", "jpe", "jfif"), ("image/jpg", "image/pjpeg"), decoder="JPEG"),
    MediaType("image/png", FileKind.PHOTO, ("png",), ("image/x-png",), decoder="PNG"),
    MediaType("image/webp", FileKind.PHOTO, ("webp",), decoder="WEBP"),
    MediaType("image/avif", FileKind.PHOTO, ("avif",), decoder="AVIF"),
    MediaType("application/pdf", FileKind.DOCUMENT, ("pdf",), ("application/x-pdf",)),
    MediaType(_OOXML + "wordprocessingml.document", FileKind.DOCUMENT, ("docx",), proof="word/document.xml"),
    MediaType(_OOXML + "spreadsheetml.sheet", FileKind.DOCUMENT, ("xlsx",), proof="xl/workbook.xml"),
    MediaType(_OOXML + "presentationml.presentation", FileKind.DOCUMENT, ("pptx",), proof="ppt/presentation.xml"),
    MediaType(_ODF + "text", FileKind.DOCUMENT, ("odt",), proof="content.xml"),
    MediaType(_ODF + "spreadsheet", FileKind.DOCUMENT, ("ods",), proof="content.xml"),
    MediaType(_ODF + "presentation", FileKind.DOCUMENT, ("odp",), proof="content.xml"),
)
BY_NAME = {alias: media for media in TYPES for alias in (media.name, *media.aliases)}
BY_ENDING = {ending: media for media in TYPES for ending in media.endings}
NO_CLAIM = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-unknown"})
_PACKED = frozenset({"application/zip", "application/x-zip-compressed"})


def ending_of(name: str) -> str:
    """The part after the last dot, in small letters; empty where there is none."""
    return name.rpartition(".")[2].strip().lower() if "." in name else ""


def false_claim(found: MediaType, claimed_name: str, claimed_type: str) -> str:
    """What the sender said that the content contradicts (the claimed type or ending), else empty.

    No claim at all is no lie. An ending that is not on the list is one: a program does not become a photo by its content.
    """
    claim = claimed_type.partition(";")[0].strip().lower()
    packed = bool(found.proof) and claim in _PACKED
    if claim not in NO_CLAIM and not packed and BY_NAME.get(claim) != found:
        return claim[:80]
    ending = ending_of(claimed_name)
    if ending and ending not in found.endings:
        return "." + ending[:20]
    return ""


def clean_name(claimed_name: str, media: MediaType) -> str:
    """A name that is safe to show and to save: no folders, control or direction marks, the type's own ending, ≤ 120 characters."""
    base = re.split(r"[\\/]", claimed_name)[-1]
    text = unicodedata.normalize("NFC", "".join(c for c in base if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*'))
    ending = ending_of(text)
    stem = text[: -len(ending) - 1] if ending else text
    stem = stem.strip(" .")[: NAME_LENGTH - 6] or media.kind.value
    return f"{stem}.{ending if ending in media.endings else media.endings[0]}"


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle to blur, in thousandths of the upright picture's width and height, edges included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def is_sound(self) -> bool:
        return 0 <= self.left < self.right <= WHOLE and 0 <= self.top < self.bottom <= WHOLE

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The rectangle on a picture of ``width`` × ``height``, rounded outwards so that nothing meant to be hidden shows."""
        return (
            self.left * width // WHOLE,
            self.top * height // WHOLE,
            min(width, -(-self.right * width // WHOLE)),
            min(height, -(-self.bottom * height // WHOLE)),
        )


def regions_from(rows: Sequence[Sequence[int]]) -> tuple[Region, ...]:
    """Regions from stored ``[left, top, right, bottom]`` lists."""
    return tuple(Region(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class FileOwner:
    """What a file belongs to: a pseudonymous reference, the area where it lies, and how confidential it is."""

    type: str
    id: UUID
    area_path: str
    confidentiality: Confidentiality


@dataclass(frozen=True, slots=True)
class OfferedPoint:
    """Where the camera says that it stood (WGS 84 degrees): offered to the reporter, never stored by this room."""

    longitude: float
    latitude: float


def needed_level(rendition: Rendition, confidentiality: int) -> Confidentiality:
    """The clearance that reading a rendition takes: before the blur tool has been at it, a photo is never public."""
    return Confidentiality(confidentiality if rendition.is_public else max(confidentiality, Confidentiality.INTERNAL))


def is_open_to_all(rendition: Rendition, state: ReviewState, confidentiality: int) -> bool:
    """Whether anyone may read it: a public rendition of a cleared photo whose owner is public."""
    return rendition.is_public and state == ReviewState.CLEARED and confidentiality == Confidentiality.PUBLIC


def blob_key(digest: str) -> str:
    """Where content with this SHA-256 (hex) is stored: the same content always has the same key."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height scaled down so that the longer side is at most ``side``; never up, never zero."""
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, width * side // longest), max(1, height * side // longest)


def degrees(parts: Sequence[float], reference: str) -> float | None:
    """Decimal degrees from EXIF's degrees, minutes, seconds and N/S/E/W; None where they make no sense."""
    reference = reference.strip("\x00 ").upper()
    if len(parts) != 3 or reference not in ("N", "S", "E", "W"):
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    if not 0 <= value <= (90 if reference in "NS" else 180):  # also refuses NaN
        return None
    return -value if reference in "SW" else value
