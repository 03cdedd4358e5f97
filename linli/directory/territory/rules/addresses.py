"""Addresses as text: elements, words to search by, pinyin. Pure.

Element types follow GA/T 2000.32 (public descriptions) and the order of GB/T 39609: district → street or town → community →
road and number → compound → building → unit → room.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields

MAX_QUERY = 200  # characters of an address that are looked at
MAX_WORDS = 8

_ELEMENTS: tuple[tuple[str, str], ...] = (
    ("upper", r"省|自治区|(?<![城超夜早])市(?!场|民|政)"),
    ("district", r"(?<![社小园校景片城网])区|县|旗"),
    ("street", r"街道(?:办事处)?|镇|乡"),
    ("community", r"社区|居委会|村委会|(?<![新])村(?!路|街)"),
    ("road", r"大道|大街|路(?!口)|街(?!道)|巷|胡同|弄(?=\d)"),
    ("number", r"\d+号(?![楼院])"),
    ("compound", r"小区|花园|家园|公寓|新村|大院|广场|苑|庭|号院"),
    ("building", r"号楼|栋|幢|座(?!谈)|\d+楼"),
    ("unit", r"单元"),
    ("room", r"室|房(?!屋|子)"),
)
_PATTERN = re.compile("|".join(f"(?P<{name}>[^,;，；。、\\s]{{0,20}}?(?:{suffix}))" for name, suffix in _ELEMENTS))
_BREAKS = re.compile(r"[,;，；。、\s()（）/]+")


@dataclass(frozen=True, slots=True)
class AddressElements:
    """The structured fields of an address; "" where it does not say."""

    district: str = ""
    street: str = ""
    community: str = ""
    road: str = ""
    number: str = ""
    compound: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""

    def text(self) -> str:
        """The elements in order, as one writes a Chinese address."""
        return "".join(getattr(self, name.name) for name in fields(self))


def normalised(text: str) -> str:
    """Full-width to half-width, lower case, blanks made single, no control characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(" " if unicodedata.category(character)[0] == "C" else character for character in folded).split())


def address_elements(text: str) -> AddressElements:
    """Take a Chinese address apart; what is not recognised is left out. The first of each kind counts."""
    found: dict[str, str] = {}
    for match in _PATTERN.finditer(normalised(text)[:MAX_QUERY]):
        if match.lastgroup and match.lastgroup != "upper":
            found.setdefault(match.lastgroup, match.group())
    return AddressElements(**found)


def words(text: str) -> tuple[str, ...]:
    """The words of an address, cut after each element: trigrams find a word, not a piece of an unbroken line."""
    cut = []
    for piece in _BREAKS.split(normalised(text)[:MAX_QUERY]):
        end = 0
        for match in _PATTERN.finditer(piece):
            cut += [piece[end : match.start()], match.group()]
            end = match.end()
        cut.append(piece[end:])
    return tuple(dict.fromkeys(word for word in cut if word))


def _is_chinese(word: str) -> bool:
    return any("一" <= character <= "鿿" for character in word)


def pinyin(word: str) -> str:
    """The word in pinyin without tones or blanks; other letters stay."""
    from pypinyin import lazy_pinyin  # its dictionary takes half a second to load

    return "".join(lazy_pinyin(word)).lower()


def initials(word: str) -> str:
    """First letters of the word's pinyin: 清波社区 → qbsq."""
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(word, style=Style.FIRST_LETTER)).lower()


def search_text(names: Mapping[str, str], *, address: str = "", code: str = "") -> str:
    """What a record is found by: words of its names and address, the code, pinyin and initials of the Chinese words."""
    said = [word for text in (*names.values(), address) if text for word in words(text)]
    chinese = [word for word in said if _is_chinese(word)]
    name = normalised(names.get("zh", ""))
    spelled = [pinyin(word) for word in chinese] + ([initials(name)] if _is_chinese(name) else [])
    return " ".join(dict.fromkeys([name, *said, code.casefold(), *spelled])).strip()


def sort_key(names: Mapping[str, str]) -> str:
    """A key that sorts Chinese names by their sound and others as they are (there is no ICU in the embedded database)."""
    return pinyin(normalised(names.get("zh") or next(iter(names.values()), "")))


def query_words(text: str) -> tuple[tuple[str, str], ...]:
    """What to look for: (word, its pinyin), at most eight words; single characters are too common to help."""
    found = [word for word in words(text) if len(word) > 1][:MAX_WORDS]
    return tuple((word, pinyin(word) if _is_chinese(word) else "") for word in found)
