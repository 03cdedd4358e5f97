"""What is put on paper: the letters that come with the program (Noto Sans, SIL Open Font License), so that Chinese prints on any machine."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace
from PIL import Image, ImageDraw, ImageFont

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells every table that it keeps

FONTS = Path(__file__).resolve().parent / "fonts"  # laid there at set-up
REGULAR, BOLD = FONTS / "NotoSansHans-Regular.otf", FONTS / "NotoSansHans-Bold.otf"
_SIZE, _MARGIN, _WIDEST = 40, 16, 900  # pixels
_FAMILY, _GREY, _RULE = "Noto Sans Hans", 90, 205


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


class Sheet:
    """One sheet (A4, upright) with a title, facts and small tables. Text that is too long for its cell is broken, never cut."""

    def __init__(self, *, title: str, subtitle: str, foot: str) -> None:
        self._pdf = pdf = FPDF(format="A4")
        for style, file in (("", REGULAR), ("B", BOLD)):
            pdf.add_font(_FAMILY, style, file)
        pdf.set_title(title)
        pdf.set_margins(14, 12, 14)
        pdf.c_margin = 0.5
        pdf.set_draw_color(_RULE)
        pdf.set_auto_page_break(True, margin=12)
        pdf.add_page()
        self._write(subtitle, size=9, grey=True)
        self._write(title, size=16, bold=True, gap=2)
        self._foot = foot

    def heading(self, title: str, note: str = "") -> None:
        """A part's title, with a few words in grey beside it."""
        pdf = self._pdf
        pdf.ln(1.6)
        pdf.set_font(_FAMILY, "B", 10)
        pdf.cell(pdf.get_string_width(title) + 3, 5, title)
        pdf.set_font(_FAMILY, "", 8)
        pdf.set_text_color(_GREY)
        pdf.cell(0, 5, note, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_text_color(0)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and values, two pairs a line."""
        if not pairs:
            self._write("—", size=8.5, grey=True)
            return
        pdf = self._pdf
        pdf.set_font(_FAMILY, "", 8.5)
        padded = [*pairs, ("", "")] if len(pairs) % 2 else list(pairs)
        with self._grid((16, 34, 16, 34)) as grid:
            for left, right in zip(padded[::2], padded[1::2], strict=True):
                row = grid.row()
                for name, value in (left, right):
                    row.cell(name, style=FontFace(color=_GREY))
                    row.cell(value)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int]) -> None:
        """A table; ``widths`` in hundredths. Without rows, a dash."""
        if not rows:
            self._write("—", size=8.5, grey=True)
            return
        self._pdf.set_font(_FAMILY, "", 8)
        with self._grid(widths) as grid:
            for number, cells in enumerate((heads, *rows)):
                row = grid.row()
                for cell in cells:
                    row.cell(cell, style=FontFace(emphasis="BOLD", color=_GREY) if number == 0 else None)

    def finished(self) -> bytes:
        """The sheet as a PDF file."""
        self._write(self._foot, size=8, grey=True, gap=2)
        return bytes(self._pdf.output())

    def _grid(self, widths: Sequence[int]) -> AbstractContextManager[Any]:
        layout = TableBordersLayout.HORIZONTAL_LINES
        return self._pdf.table(col_widths=tuple(widths), line_height=4.4, first_row_as_headings=False, borders_layout=layout, text_align="LEFT", padding=0.4)

    def _write(self, text: str, *, size: float, bold: bool = False, grey: bool = False, gap: float = 0) -> None:
        pdf = self._pdf
        pdf.set_font(_FAMILY, "B" if bold else "", size)
        pdf.set_text_color(_GREY if grey else 0)
        pdf.multi_cell(0, size * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_text_color(0)
        if gap:
            pdf.ln(gap)
