"""Finding what may be one matter reported twice; off the intake path, for the desk that triages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from linli.engines.matters.models import MergeSuggestion
from linli.engines.matters.rules.duplicates import Likeness, Seen, likeness
from linli.engines.matters.rules.intake import cells_around
from linli.engines.matters.rules.words import searchable
from linli.engines.matters.services.act import NoSuchMatter
from linli.engines.matters.services.frame import Frame, frame
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.geo.rules import metres_between
from linli.kernel.ids import new_id

MOST = 5  # suggestions kept for one matter

EACH_SQUARE = 12  # candidates looked at in each square, the newest: bounds the work where reports come in masses

_CANDIDATES = """
SELECT given.id, other.id, other.lon, other.lat, other.class_code, other.kind, other.reported_at, other.text
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::text[]) AS given (id, cell, at, kind)
CROSS JOIN LATERAL (
    SELECT m.id, m.lon, m.lat, m.class_code, m.kind, m.reported_at, m.text FROM matters_matter m
    WHERE m.cell = given.cell AND m.id <> given.id AND m.closed_at IS NULL AND m.kind = given.kind
        AND m.reported_at BETWEEN given.at - make_interval(days => %s) AND given.at + make_interval(days => %s)
    ORDER BY m.reported_at DESC LIMIT %s
) other
"""


def index_matters(matter_ids: Sequence[UUID]) -> None:
    """Make the words of these matters searchable and suggest what they may repeat. Four queries, safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, policy, area_id, class_code, code, address, text, public_text FROM matters_matter WHERE id = ANY(%s)", [list(matter_ids)])
        land = frame()
        indexed = [(row[0], searchable(" ".join([*_names(land, *row[1:4]), *row[3:]]))) for row in cursor.fetchall()]
        cursor.execute(
            "INSERT INTO matters_matterwords (matter_id, words) SELECT * FROM unnest(%s::uuid[], %s::text[])"
            " ON CONFLICT (matter_id) DO UPDATE SET words = EXCLUDED.words",
            [[matter for matter, _ in indexed], [text for _, text in indexed]],
        )
        cursor.execute(
            "SELECT id, lon, lat, class_code, kind, reported_at, text FROM matters_matter WHERE id = ANY(%s) AND closed_at IS NULL AND cell IS NOT NULL",
            [list(matter_ids)],
        )
        seen = {row[0]: Seen(*row[1:]) for row in cursor.fetchall()}
    _suggest(seen)


def _names(land: Frame, policy_id: UUID, area_id: UUID, class_code: str) -> list[str]:
    """The names, in both languages, by which people look for a matter's class and area."""
    known = land.policy_of(policy_id).classes.get(class_code)
    return [*(known.names.values() if known else ()), *(name for area in land.ground.chain(area_id)[1:] for name in area.names.values())]


def _suggest(seen: dict[UUID, Seen]) -> None:
    policy = frame().policy
    metres, days = policy.duplicate_metres, policy.duplicate_days
    squares = [(matter, cell, one.at, one.kind) for matter, one in seen.items() for cell in cells_around(one.lon, one.lat, metres)]
    if not squares:
        return
    best: dict[UUID, list[tuple[Likeness, UUID]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, [*map(list, zip(*squares, strict=True)), days, days, EACH_SQUARE])
        for matter, other, lon, lat, class_code, kind, at, text in cursor.fetchall():
            one = seen[matter]
            apart = metres_between(one.lon, one.lat, lon, lat)
            found = likeness(one, Seen(lon, lat, class_code, kind, at, text), metres_apart=apart, within_metres=metres, within_days=days)
            if found is not None and found.score >= policy.duplicate_score:
                best.setdefault(matter, []).append((found, other))
    rows = []
    for matter, found_ones in best.items():
        for found, other in sorted(found_ones, key=lambda pair: -pair[0].score)[:MOST]:
            for a, b in ((matter, other), (other, matter)):  # either desk sees it
                rows.append(MergeSuggestion(id=new_id(), matter_id=a, other_id=b, score=found.score, reasons=dict(found.reasons())))
    MergeSuggestion.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2_000)


def dismiss_suggestion(*, actor: Actor, at: datetime, matter_id: UUID, other_id: UUID) -> None:
    """Say that two matters are not one; nobody is asked again. Raises ``NoSuchMatter`` when it was never suggested."""
    pairs = MergeSuggestion.objects.filter(matter_id__in=(matter_id, other_id), other_id__in=(matter_id, other_id)).select_related("matter")
    if not pairs:
        raise NoSuchMatter()
    for pair in pairs:
        actor.require("matters.dispatch", area_path=pair.matter.area_path, confidentiality=Confidentiality(pair.matter.confidentiality))
    pairs.update(dismissed_at=at)
