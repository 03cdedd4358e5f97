"""What is put on paper: the letters that come with the program (Noto Sans, SIL Open Font License), so that Chinese prints on any machine."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).resolve().parent / "fonts"  # laid there at set-up
REGULAR, BOLD = FONTS / "NotoSansHans-Regular.otf", FONTS / "NotoSansHans-Bold.otf"
_SIZE, _MARGIN, _WIDEST = 40, 16, 900  # pixels


def name_as_picture(name: str) -> bytes:
    """A typed name as a PNG in black on white: it is kept like a signature that was drawn."""
    box = _letters().getbbox(name)
    size = (min(_WIDEST, int(box[2]) + 2 * _MARGIN), int(box[3]) + 2 * _MARGIN)
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).text((_MARGIN, _MARGIN), name, font=_letters(), fill=0)
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    return content.getvalue()


@lru_cache(maxsize=1)
def _letters() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(REGULAR, _SIZE)
