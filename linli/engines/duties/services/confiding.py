"""What is written at a visit may be another room's to keep: it is handed over in the same write, and this engine keeps none of it.

``register_keeper(kind, keeper)`` does so for subjects of a kind, such as people in care. Of their check-ins the engine knows what was
done, when and by whom. Pictures are refused: a keeper keeps words. Why a duty was missed is said to whoever judges it, and stays here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import Verb
from linli.kernel.refusal import N_, Refusal

SAID_HERE = frozenset({Verb.EXPLAIN, Verb.EXCUSE})  # words about a miss, not about whom was visited


class NoPictures(Refusal):
    code = "duties.no_pictures"
    message = N_("No pictures are kept of a visit to somebody in care. Check in other duties of this visit by themselves.")
    field = "photos"


@dataclass(frozen=True, slots=True)
class Confided:
    """What somebody wrote at one check-in. ``ref``: the subject, as its owner calls it; ``answers``: by the schema of the duty's form."""

    ref: UUID
    duty: UUID
    verb: Verb
    at: datetime
    by: str
    note: str
    answers: Mapping[str, Any]


Keeper = Callable[[Sequence[Confided], datetime], None]
_keepers: dict[str, Keeper] = {}


def register_keeper(kind: str, keeper: Keeper) -> None:
    """Hand what is written about subjects of ``kind`` to ``keeper(words, handed in at)``; ``config/wiring.py`` joins them."""
    _keepers[kind] = keeper


def is_confided(kind: str) -> bool:
    """Whether what is written about subjects of this kind is kept elsewhere."""
    return kind in _keepers


def confided_subjects(duty_ids: Collection[UUID]) -> dict[UUID, tuple[str, UUID]]:
    """Of these duties, those whose words are kept elsewhere, with the kind and the owner's id of their subject. One query."""
    rows = Occurrence.objects.filter(id__in=duty_ids, subject__kind__in=list(_keepers))
    return {duty: (kind, ref) for duty, kind, ref in rows.values_list("id", "subject__kind", "subject__ref")}


def hand_over(words: Sequence[tuple[str, Confided]], *, at: datetime) -> None:
    """Give each keeper what was written about its subjects."""
    for kind, keeper in _keepers.items():
        told = [one for of, one in words if of == kind]
        if told:
            keeper(told, at)
