"""Address → candidates, by trigrams and pinyin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from linli.directory.territory.rules.addresses import query_words

_SPELLED = 0.8  # what a word found by its sound alone weighs
_LEAST = 0.2  # candidates that hold less of the address than this are left out

_TABLES = {
    "area": ("territory_area", "id", "''"),
    "building": ("territory_building", "area_id", "address"),
    "place": ("territory_place", "area_id", "address"),
}


@dataclass(frozen=True, slots=True)
class AddressCandidate:
    """Something an address may mean. ``score`` is the share of the address's words that it holds, 0 to 1."""

    kind: str  # area, building, place
    id: UUID
    code: str
    names: Mapping[str, str]
    address: str
    area_id: UUID  # the area that owns it (itself, for an area)
    lon: float | None
    lat: float | None
    score: float


def address_candidates(*, text: str, limit: int = 10) -> list[AddressCandidate]:
    """Areas, buildings and places that ``text`` may mean, best first. They hold no personal data and are public.

    The address is cut into words after each element (街道, 社区, 号楼, …); a record is a candidate when one of the words is
    like one of its own (trigrams, so a slip of the hand does no harm) or sounds like it (pinyin, so homophones and typed
    pinyin find it too). One query, on the trigram indexes, whatever the number of records found.
    """
    found = query_words(text)
    if not found or limit < 1:
        return []
    total = sum(len(word) for word, _ in found)
    score = " + ".join(f"{len(word) / total:.6f} * {_likeness(sound)}" for word, sound in found)
    scored = [value for word, sound in found for value in ((word, sound) if sound else (word,))]
    filters = " OR ".join("search %%> %s::text" for _ in scored)
    parts = [
        f"SELECT '{kind}' AS kind, id, code, names, {address} AS address, {area} AS area_id, lon, lat, search, {score} AS score FROM {table} WHERE {filters}"
        for kind, (table, area, address) in _TABLES.items()
    ]
    query = (
        f"SELECT kind, id, code, names, address, area_id, lon, lat, score FROM ({' UNION ALL '.join(parts)}) AS found "
        f"WHERE score >= {_LEAST} ORDER BY score DESC, length(search), code LIMIT {int(min(limit, 100))}"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [*scored, *scored] * len(_TABLES))
        rows = cursor.fetchall()
    return [
        AddressCandidate(kind, key, code, json.loads(names), address, area, lon, lat, round(score, 3))
        for kind, key, code, names, address, area, lon, lat, score in rows
    ]


def _likeness(sound: str) -> str:
    """SQL of how well one word is found, 0 to 1."""
    heard = f", {_SPELLED} * word_similarity(%s::text, search)" if sound else ""
    return f"greatest(word_similarity(%s::text, search){heard})"
