"""Drawing places at random: seeded, so that anybody with the seed can draw again; weighted by how long ago one was inspected. Pure.

Each place gets ``u ** (1 / weight)``, where ``u`` is uniform from the seed and the place's id, and the highest are drawn (Efraimidis and
Spirakis, Weighted random sampling with a reservoir, 2006). The order of the candidates changes nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import date
from uuid import UUID

HEAVIEST = 365  # days: one never inspected weighs as much as one not inspected for a year
_WHOLE = 2**53


def weight(*, last: date | None, today: date) -> int:
    """How much a place weighs: the days since it was last inspected, at least 1."""
    return HEAVIEST if last is None else max(1, min(HEAVIEST, (today - last).days))


def drawn(weights: Mapping[UUID, int], *, count: int, seed: str) -> list[UUID]:
    """Draw ``count`` of the places, or all where there are fewer; the first drawn first."""
    return sorted(weights, key=lambda place: (-_lot(place, weights[place], seed), place))[:count]


def _lot(place: UUID, weight: int, seed: str) -> float:
    digest = hashlib.sha256(f"{seed}|{place}".encode()).digest()
    uniform = ((int.from_bytes(digest[:8]) >> 11) + 0.5) / _WHOLE  # in (0, 1)
    return math.log(uniform) / weight  # the logarithm of u ** (1 / weight) keeps the order and more digits
