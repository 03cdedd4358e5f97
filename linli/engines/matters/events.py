"""What the matters engine tells the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class MatterEvent(Event):
    """Something happened to a matter; ``key`` is the matter's id.

    Attributes:
        verb: what happened; ``from_state``/``to_state``/``level`` tell the rest.
        post: id of the post accountable after it, as text. ``actor``: who did it.
    """

    topic: ClassVar[str] = ""
    verb: str
    from_state: str
    to_state: str
    level: int
    post: str
    area_path: str
    confidentiality: int
    actor: str
    version: int


@dataclass(frozen=True, slots=True)
class MatterReported(MatterEvent):
    """A new matter, owned and with a deadline."""

    topic: ClassVar[str] = "matters.reported"


@dataclass(frozen=True, slots=True)
class MatterMoved(MatterEvent):
    """A matter changed its state, its level or its owner and is still open (filing, dispatch, return, escalation…)."""

    topic: ClassVar[str] = "matters.moved"


@dataclass(frozen=True, slots=True)
class MatterEnded(MatterEvent):
    """A matter was closed, refused or merged; its reporters' receipts carry the outcome."""

    topic: ClassVar[str] = "matters.ended"


@dataclass(frozen=True, slots=True)
class MatterTouched(MatterEvent):
    """Something was added that moves nothing: a note, a question, a call, a rating, another reporter, a redaction."""

    topic: ClassVar[str] = "matters.touched"
