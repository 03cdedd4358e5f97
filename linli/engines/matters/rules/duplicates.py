"""Likeness of two reports: a score between 0 and 1, and why (FIELD: show existing reports before a new one)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz

# How much each sign weighs. Place and class say the most; words are short and reporters differ in them.
PLACE, CLASS, TIME, WORDS = 0.45, 0.25, 0.15, 0.15


@dataclass(frozen=True, slots=True)
class Seen:
    """What is compared of a report."""

    lon: float
    lat: float
    class_code: str
    kind: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """``score`` 0–1 and its reasons: metres apart, hours apart, same class, likeness of words in per cent."""

    score: float
    metres: int
    hours: int
    same_class: bool
    words: int

    def reasons(self) -> Mapping[str, object]:
        return {"metres": self.metres, "hours": self.hours, "same_class": self.same_class, "words": self.words}


def likeness(one: Seen, other: Seen, *, metres_apart: float, within_metres: float, within_days: int) -> Likeness | None:
    """Return how alike two reports are, or None when they are too far apart in place or time, or of another kind."""
    hours = abs((one.at - other.at).total_seconds()) / 3600
    if metres_apart > within_metres or hours > within_days * 24 or one.kind != other.kind:
        return None
    same = one.class_code == other.class_code
    words = fuzz.token_set_ratio(one.words, other.words) if one.words and other.words else 0.0
    score = PLACE * (1 - metres_apart / within_metres) + TIME * (1 - hours / (within_days * 24)) + CLASS * same + WORDS * words / 100
    return Likeness(round(score, 4), round(metres_apart), round(hours), same, round(words))
