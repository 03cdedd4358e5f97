"""What a captain says to a missed slot, and who is told of a volunteer who gives no sign. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from linli.kernel.refusal import N_, Kind, Refusal

NOTE_MOST = 500


class Answer(StrEnum):
    """Where a missed slot stands. It stays on record in each of them."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    FORGIVEN = "forgiven"


TRANSITIONS: dict[Answer, frozenset[Answer]] = {
    Answer.OPEN: frozenset({Answer.ACKNOWLEDGED, Answer.RESOLVED, Answer.FORGIVEN}),
    Answer.ACKNOWLEDGED: frozenset({Answer.RESOLVED, Answer.FORGIVEN}),
    Answer.RESOLVED: frozenset(),
    Answer.FORGIVEN: frozenset(),
}
NOTED = (Answer.RESOLVED, Answer.FORGIVEN)


class AnsweredAlready(Refusal):
    code: ClassVar[str] = "patrols.answered_already"
    message: ClassVar[str] = N_("This was answered already.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class NoteMissing(Refusal):
    code: ClassVar[str] = "patrols.note_missing"
    message: ClassVar[str] = N_("Say in a few words what was found, at most %(most)s characters.")
    field: ClassVar[str] = "note"


def answer(now: Answer, wanted: Answer, note: str) -> tuple[Answer, str]:
    """The state after an answer, and its note in one form. Resolving and forgiving say why.

    Raises:
        AnsweredAlready, NoteMissing.
    """
    if wanted not in TRANSITIONS[now]:
        raise AnsweredAlready
    return wanted, noted(note, needed=wanted in NOTED)


def noted(note: str, *, needed: bool = True) -> str:
    """A note in one form. Raises: NoteMissing (too long counts as well)."""
    said = " ".join(note.split())
    if (needed and not said) or len(said) > NOTE_MOST:
        raise NoteMissing(most=NOTE_MOST)
    return said


def next_telling(*, told: int, levels: int, at: datetime, every: timedelta) -> datetime | None:
    """When the level above is told, after ``told`` of ``levels`` have been; None where nobody is above."""
    return at + every if told < levels else None
