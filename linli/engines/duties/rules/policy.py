"""What a playbook decided about duties, compiled to plain values: one frozen ``DutiesPolicy`` a playbook version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from linli.engines.duties.rules.cadence import Cadence, DaysOff
from linli.engines.duties.rules.subjects import Fact
from linli.kernel.access.rules import Confidentiality
from linli.kernel.calendar.rules import TimeLimit
from linli.kernel.refusal import Said, saying


class Evidence(StrEnum):
    """What finishing a duty needs beside the word of who did it."""

    ARRIVAL = "arrival"
    NOTE = "note"
    FORM = "form"
    PHOTO = "photo"
    SIGNATURE = "signature"

    def said(self) -> Said:
        """What is missing where it is missing."""
        return _SAID[self]

    def in_chinese(self) -> str:
        return {"arrival": "到达", "note": "文字", "form": "表单", "photo": "照片", "signature": "签名"}[self.value]


_SAID = {
    Evidence.ARRIVAL: saying("the arrival there"),
    Evidence.NOTE: saying("a note"),
    Evidence.FORM: saying("the form"),
    Evidence.PHOTO: saying("a photo"),
    Evidence.SIGNATURE: saying("a signature"),
}


@dataclass(frozen=True, slots=True)
class DutyRule:
    """One recurring duty: cadence × subjects × levels that answer.

    Attributes:
        chain: levels (their head) or roles (their first post) that answer, the first one first; the last keeps it.
        answer: how long a level has to answer before the next one has the duty; none: it stays with the first.
        opens, closes: minutes of the local day at which a window's first day begins and its last one ends.
        census: it is done only when the ledger of its place is confirmed.
        retries: how many attempts at a closed door count as having tried; ``retry_hours``: how long before the next is proposed.
    """

    code: str
    names: Mapping[str, str]
    kind: str
    subject_kind: str
    where: Mapping[str, Fact | Sequence[Fact]]
    chain: tuple[str, ...]
    cadence: Cadence
    days_off: DaysOff
    opens: int
    closes: int
    answer: TimeLimit | None
    evidence: frozenset[Evidence]
    form: Mapping[str, Any] | None
    retries: int
    retry_hours: int
    confidentiality: Confidentiality
    census: bool = False
    signature: str = ""


@dataclass(frozen=True, slots=True)
class DutiesPolicy:
    """Everything that decides about duties under one playbook version. ``files_days``: how long photos and signatures are kept."""

    rules: Mapping[str, DutyRule] = field(default_factory=dict)
    pauses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    horizon: int = 35
    files_days: int = 365
