"""Everyday words → the classes that they probably mean. Pure; the reporter decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

MOST = 4
_CHINESE = re.compile(r"[㐀-鿿]")
_NAME_PARTS = re.compile(r"[、，,/（）() ]+")
_LITTLE = frozenset({"and", "the", "of", "or", "for", "with", "other", "fault"})
_FAINT = 0.5  # what one word of an English name weighs


@dataclass(frozen=True, slots=True)
class Offered:
    """A class as a reporter may look for it: its names and the everyday words that the playbook gives it."""

    code: str
    names: Mapping[str, str] = field(hash=False)
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``score`` grows with the length of what was found; ``certain`` when one of the class's own words stands in the text."""

    code: str
    score: float
    certain: bool


def suggest(text: str, offered: Iterable[Offered], *, most: int = MOST) -> list[Suggestion]:
    """Return the classes that ``text`` probably means, the likeliest first; none where no word is known.

    A word of the playbook found in the text counts by its length (a Chinese character twice: it says more than a letter);
    parts of a class's name count a little. Classes that are named earlier win ties.
    """
    said = unicodedata.normalize("NFKC", text).casefold()
    if not said.strip():
        return []
    found = []
    for one in offered:
        strong = max((_weight(word) for word in _terms(one) if _stands_in(word, said)), default=0.0)
        also = sum(0.25 * _weight(word) for word in _terms(one) if _stands_in(word, said))
        faint = max((_likeness(word, said) for word in _terms(one)), default=0.0)
        faint += _FAINT * sum(part in said for part in _faint_parts(one.names.get("en", "")))
        if strong or faint >= 2 * _FAINT:
            found.append(Suggestion(one.code, round(strong + also + faint, 3), bool(strong)))
    found.sort(key=lambda suggestion: -suggestion.score)
    return found[:most]


def _terms(one: Offered) -> Sequence[str]:
    names = [part for part in _NAME_PARTS.split(one.names.get("zh", "")) if len(part) > 1]
    return _folded((*one.words, *names, one.names.get("en", "")))


@lru_cache(maxsize=2048)
def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(folded for word in words if (folded := unicodedata.normalize("NFKC", word).casefold().strip())))


def _weight(word: str) -> float:
    return float(sum(2 if _CHINESE.match(character) else 0.6 for character in word))


@lru_cache(maxsize=8192)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9]){re.escape(word)}(?:s|es|d|ed|ing)?(?![a-z0-9])")


def _stands_in(word: str, said: str) -> bool:
    if _CHINESE.search(word):
        return word in said
    return word in said and _pattern(word).search(said) is not None


def _likeness(word: str, said: str) -> float:
    """How much of a Chinese word's neighbouring characters stand in the text; nothing below one half."""
    pairs = _pairs(word)
    share = sum(pair in said for pair in pairs) / len(pairs) if pairs else 0.0
    return 0.6 * _weight(word) * share if share >= 0.5 else 0.0


@lru_cache(maxsize=8192)
def _pairs(word: str) -> tuple[str, ...]:
    return tuple(word[place : place + 2] for place in range(len(word) - 1)) if len(word) > 2 and _CHINESE.search(word) else ()


@lru_cache(maxsize=2048)
def _faint_parts(en: str) -> tuple[str, ...]:
    return tuple(sorted({word for word in re.findall(r"[a-z]{4,}", en.casefold()) if word not in _LITTLE}))
