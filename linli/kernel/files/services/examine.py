"""Looking into what was sent: its true type, its size, its pixels; and making a photo anew without anything but the picture.

Nothing here touches the database or the storage. A stream is read only as far as the limit of its kind.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import threading
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

import puremagic
from PIL import ExifTags, Image, ImageCms, ImageOps

from linli.kernel.files import rules
from linli.kernel.files.rules import FileKind, FileLimits, MediaType, OfferedPoint, Region
from linli.kernel.refusal import N_, Refusal

HEAD = 1 << 16
IN_MEMORY = 1 << 20
JPEG_QUALITY, WEBP_QUALITY = 88, 80
BLOCKS = 6  # a blurred rectangle keeps this many blocks on its longer side: too few to read a face or a plate from
Image.MAX_IMAGE_PIXELS = 200_000_000  # Pillow's own last line; FileLimits.pixels is the first
_decoding = threading.BoundedSemaphore(2)  # a large picture takes some 300 MB while it is decoded


class FileTooLarge(Refusal):
    code = "files.too_large"
    message = N_("The file is larger than %(limit)s MB.")
    field = "file"


class FileEmpty(Refusal):
    code = "files.empty"
    message = N_("The file is empty.")
    field = "file"


class TypeNotAccepted(Refusal):
    code = "files.type_not_accepted"
    message = N_("This type of file is not accepted. Send one of: %(accepted)s.")
    field = "file"


class FalseType(Refusal):
    code = "files.false_type"
    message = N_("The file says that it is %(claimed)s, but its content is %(found)s.")
    field = "file"


class TooManyPixels(Refusal):
    code = "files.too_many_pixels"
    message = N_("The picture has more than %(limit)s million pixels.")
    field = "file"


class BrokenFile(Refusal):
    code = "files.broken"
    message = N_("The file is damaged or incomplete (%(found)s).")
    field = "file"


class ActiveContent(Refusal):
    code = "files.active_content"
    message = N_("Documents with macros are not accepted.")
    field = "file"


@dataclass(frozen=True, slots=True)
class Rendered:
    """Bytes to store: what they are and, for pictures, how large (pixels)."""

    content: IO[bytes]
    content_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that may be stored."""

    kind: FileKind
    media: MediaType
    name: str
    renditions: dict[rules.Rendition, Rendered] = field(repr=False)
    point: OfferedPoint | None = None


def examine(*, content: BinaryIO | bytes, claimed_name: str = "", claimed_type: str = "", limits: FileLimits | None = None) -> Examined:
    """Find out what ``content`` is and prepare what is stored of it.

    A photo is decoded and encoded anew, upright, in sRGB, without EXIF or any other metadata, with two WebP thumbnails;
    its GPS position is returned and kept nowhere. A document stays as it is.

    Raises:
        FileTooLarge, FileEmpty, TypeNotAccepted, FalseType, TooManyPixels, BrokenFile, ActiveContent.
    """
    limits = limits or FileLimits()
    stream = io.BytesIO(content) if isinstance(content, bytes | bytearray | memoryview) else content
    head = _read_exactly(stream, HEAD)
    if not head:
        raise FileEmpty
    found = _sniff(head, limits)
    limit = limits.bytes_for(found[0].kind)
    announced = getattr(content, "size", None)
    if len(head) > limit or (isinstance(announced, int) and announced > limit):
        raise FileTooLarge(limit=round(limit / rules.MEGABYTE, 1))
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - handed on to the caller
    try:
        _copy(head, stream, spool, limit)
        media = found[0] if not found[0].proof else _packed_document(spool, found)
        claimed = rules.false_claim(media, claimed_name, claimed_type)
        if claimed:
            raise FalseType(claimed=claimed, found=media.name)
        name = rules.clean_name(claimed_name, media)
        if media.kind == FileKind.PHOTO:
            with spool, _decoding:
                return _photo(spool, media, name, limits)
        if not media.proof:
            _check_pdf(spool)
    except BaseException:
        spool.close()
        raise
    return Examined(FileKind.DOCUMENT, media, name, {rules.Rendition.ORIGINAL: Rendered(spool, media.name)})


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    """Up to ``count`` bytes, also from a stream that gives less than it is asked for."""
    parts = []
    while count > 0 and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _copy(head: bytes, stream: BinaryIO, spool: IO[bytes], limit: int) -> None:
    spool.write(head)
    size = len(head)
    while part := stream.read(HEAD):
        size += len(part)
        if size > limit:
            raise FileTooLarge(limit=round(limit / rules.MEGABYTE, 1))
        spool.write(part)
    spool.seek(0)


def _sniff(head: bytes, limits: FileLimits) -> list[MediaType]:
    """The accepted types that the first bytes may be; packed documents cannot be told apart from the head alone."""
    try:
        names = {match.mime_type for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        names = set()
    if head.startswith(b"PK\x03\x04"):
        found = [media for media in rules.TYPES if media.proof]
    else:
        found = [media for media in rules.TYPES if media.name in names and not media.proof]
    found = [media for media in found if limits.documents or media.kind == FileKind.PHOTO]
    if not found:
        raise TypeNotAccepted(accepted=", ".join(media.endings[0].upper() for media in rules.TYPES if limits.documents or media.kind == FileKind.PHOTO))
    return found


def _packed_document(spool: IO[bytes], candidates: list[MediaType]) -> MediaType:
    """Which office document a ZIP file is, by its own table of contents; nothing is unpacked but a type line of 100 bytes."""
    try:
        with zipfile.ZipFile(spool) as packed:
            names = set(packed.namelist())
            if any(name.rpartition("/")[2].lower() in ("vbaproject.bin", "basic.xml") or name.startswith("Basic/") for name in names):
                raise ActiveContent
            declared = ""
            if "mimetype" in names and packed.getinfo("mimetype").file_size <= 100:
                declared = packed.read("mimetype").decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, OSError, EOFError, ValueError) as error:
        raise BrokenFile(found="ZIP") from error
    spool.seek(0)
    for media in candidates:
        marks = declared == media.name if media.proof == "content.xml" else "[Content_Types].xml" in names
        if marks and media.proof in names:
            return media
    raise TypeNotAccepted(accepted=", ".join(media.endings[0].upper() for media in rules.TYPES))


def _check_pdf(spool: IO[bytes]) -> None:
    start = spool.read(8)
    size = spool.seek(0, io.SEEK_END)
    spool.seek(max(0, size - 2048))
    end = spool.read()
    spool.seek(0)
    if not start.startswith(b"%PDF-") or b"%%EOF" not in end:
        raise BrokenFile(found="PDF")


def _photo(stream: IO[bytes], media: MediaType, name: str, limits: FileLimits) -> Examined:
    picture, point = _decode(stream, media, limits)
    size = rules.fitted(*picture.size, limits.stored_side)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    target = "image/png" if media.name == "image/png" and picture.mode in ("RGBA", "LA") else "image/jpeg"
    original = encode(picture, target)
    name = rules.clean_name(name, rules.BY_NAME[target]) if target != media.name else name
    renditions = {rules.Rendition.ORIGINAL: original, **thumbnails(picture, rules.Rendition.LARGE, rules.Rendition.SMALL)}
    return Examined(FileKind.PHOTO, rules.BY_NAME[target], name, renditions, point)


def _decode(stream: IO[bytes], media: MediaType, limits: FileLimits) -> tuple[Image.Image, OfferedPoint | None]:
    """The upright picture in sRGB, free of metadata, and the camera's position. Only the sniffed format's decoder is tried."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(stream, formats=[media.decoder]) as opened:
                if opened.width * opened.height > limits.pixels:
                    raise TooManyPixels(limit=limits.pixels // 1_000_000)
                opened.draft("RGB", (limits.stored_side, limits.stored_side))  # lets a large JPEG be decoded smaller
                opened.load()  # of an animation, the first frame
                point = _position(opened)
                upright: Image.Image = ImageOps.exif_transpose(opened) or opened.copy()
    except Image.DecompressionBombError as error:
        raise TooManyPixels(limit=limits.pixels // 1_000_000) from error
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, OverflowError, TypeError, MemoryError) as error:
        raise BrokenFile(found=media.endings[0].upper()) from error
    return _plain(upright), point


def _plain(picture: Image.Image) -> Image.Image:
    """RGB, or RGBA where something is see-through; colours of other profiles are converted to sRGB and the profile dropped."""
    profile = picture.info.get("icc_profile")
    see_through = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    plain = picture.convert("RGBA" if see_through else "RGB") if picture.mode not in ("RGB", "RGBA", "CMYK") else picture
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = "RGBA" if plain.mode == "RGBA" else "RGB"
            plain = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode=mode) or plain
    if plain.mode == "CMYK":
        plain = plain.convert("RGB")
    if plain.mode == "RGBA" and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def _position(picture: Image.Image) -> OfferedPoint | None:
    """GPS from EXIF; what cannot be read is no position."""
    try:
        gps = picture.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude = rules.degrees([float(part) for part in gps[ExifTags.GPS.GPSLatitude]], str(gps[ExifTags.GPS.GPSLatitudeRef]))
        longitude = rules.degrees([float(part) for part in gps[ExifTags.GPS.GPSLongitude]], str(gps[ExifTags.GPS.GPSLongitudeRef]))
    except Exception:  # damaged EXIF fails in many ways, and the picture is good without it
        return None
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    return OfferedPoint(longitude, latitude)


def encode(picture: Image.Image, content_type: str) -> Rendered:
    """The picture as JPEG, PNG or WebP, without metadata."""
    out = io.BytesIO()
    options: dict[str, Any]
    match content_type:
        case "image/jpeg":
            picture = _on_white(picture)
            options = {"format": "JPEG", "quality": JPEG_QUALITY, "optimize": True, "progressive": True}
        case "image/png":
            options = {"format": "PNG"}
        case _:
            options = {"format": "WEBP", "quality": WEBP_QUALITY, "method": 2}
    picture.save(out, **options)
    return Rendered(out, content_type, *picture.size)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.convert("RGBA").getchannel("A"))
    return white


def thumbnails(picture: Image.Image, large: rules.Rendition, small: rules.Rendition) -> dict[rules.Rendition, Rendered]:
    """Two WebP pictures of at most 1600 and 320 pixels on the longer side."""
    middle = picture.resize(rules.fitted(*picture.size, rules.LARGE_SIDE), Image.Resampling.LANCZOS)
    little = middle.resize(rules.fitted(*picture.size, rules.SMALL_SIDE), Image.Resampling.LANCZOS)
    return {large: encode(middle, "image/webp"), small: encode(little, "image/webp")}


def blurred(original: IO[bytes], content_type: str, regions: Sequence[Region]) -> dict[rules.Rendition, Rendered]:
    """The public renditions: the stored original made smaller, with every region turned into a few blocks of one colour each."""
    with Image.open(original, formats=[rules.BY_NAME[content_type].decoder]) as opened:
        picture = _on_white(_plain(opened))
    for region in regions:
        box = region.pixels(*picture.size)
        part = picture.crop(box)
        few = part.resize(rules.fitted(*part.size, BLOCKS), Image.Resampling.BOX)
        picture.paste(few.resize(part.size, Image.Resampling.NEAREST), box)
    return thumbnails(picture, rules.Rendition.PUBLIC, rules.Rendition.PUBLIC_SMALL)
