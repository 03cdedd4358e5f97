"""Drawing places for an irregular inspection: nobody can know them before, and everybody with the right to look can draw again.

The seed comes from the installation's own secrets, the sampling, the day and the area: nobody can guess it, and nobody can try
again until a place is left out. It is kept with the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from linli.directory.territory.rules import Ground
from linli.directory.territory.selectors import ground
from linli.engines.duties.inspections.models import Draw, LastInspection, Sampled
from linli.engines.duties.inspections.playbook import ledger_policy
from linli.engines.duties.inspections.rules.draw import drawn, weight
from linli.engines.duties.inspections.rules.ledger import SAMPLE, Sampling
from linli.engines.duties.inspections.services.hazards import INSPECTIONS
from linli.engines.duties.models import SubjectRecord
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.services.subjects import end_subjects, set_subjects
from linli.kernel.audit.services import Entry, record
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.clock.services import machine_now
from linli.kernel.ids import new_id
from linli.kernel.refusal import Refusal
from linli.kernel.sealing import fingerprint

KEPT = timedelta(days=60)  # what was drawn before then is asked for no more


def seed_of(sampling: str, *, day: date, area_code: str) -> str:
    """The seed of a draw: 64 hexadecimal digits."""
    return fingerprint(f"{sampling}|{day.isoformat()}|{area_code}", purpose="inspections.draw").hex()


def draw_due(*, at: datetime) -> int:
    """Draw what is due on the local day of ``at`` and was not drawn yet; return how many places were drawn. Inside a write; safe to repeat.

    Every working day, or on the first working day of a week. Days that passed without a draw are not made up for.
    """
    land = ground()
    day = at.astimezone(ZoneInfo(land.timezone)).date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inspections.draw'))")
    count = 0
    for sampling in ledger_policy()[1].samplings.values():
        if _is_due(sampling, day):
            count += sum(_draw(sampling, path, weights, day=day, land=land, at=at) for path, weights in _candidates(sampling, day, land).items())
    if not count:
        return 0
    old = Sampled.objects.filter(draw__day__gte=day - 2 * KEPT, draw__day__lt=day - KEPT).values_list("id", flat=True)
    end_subjects([(SAMPLE, ref) for ref in old], actor=INSPECTIONS, at=at)
    return count


def _is_due(sampling: Sampling, day: date) -> bool:
    calendar = working_calendar()
    if not calendar.is_working_day(day):
        return False
    earlier = [day - timedelta(days=back) for back in range(1, day.weekday() + 1)]
    return not (sampling.weekly and any(calendar.is_working_day(one) for one in earlier))


def _candidates(sampling: Sampling, day: date, land: Ground) -> dict[UUID, dict[UUID, int]]:
    """Area → place → weight."""
    last = dict(LastInspection.objects.filter(kind=sampling.kind).values_list("place", "at"))
    zone = ZoneInfo(land.timezone)
    found: dict[UUID, dict[UUID, int]] = {}
    rows = SubjectRecord.objects.filter(kind=sampling.kind, ended_at=None, facts__class__in=sorted(sampling.classes)).values_list("ref", "area_id")
    for place, area_id in rows:
        area = (land.at_level(area_id, sampling.within) if sampling.within else None) or land.root
        seen = last.get(place)
        found.setdefault(area.id, {})[place] = weight(last=seen.astimezone(zone).date() if seen else None, today=day)
    return found


def _draw(sampling: Sampling, area_id: UUID, weights: Mapping[UUID, int], *, day: date, land: Ground, at: datetime) -> int:
    area = land.area(area_id)
    seed = seed_of(sampling.code, day=day, area_code=area.code)
    draw, made = Draw.objects.get_or_create(
        sampling=sampling.code, day=day, area_id=area.id,
        defaults={
            "area_path": area.path, "seed": seed, "count": sampling.count, "weights": {str(place): value for place, value in sorted(weights.items())},
            "at": at, "recorded_at": machine_now(),
        },
    )  # fmt: skip
    if not made:
        return 0
    rows = [Sampled(id=new_id(), draw=draw, kind=sampling.kind, place=place) for place in drawn(weights, count=sampling.count, seed=seed)]
    Sampled.objects.bulk_create(rows)
    known = {row.ref: row for row in SubjectRecord.objects.filter(kind=sampling.kind, ref__in=[row.place for row in rows])}
    subjects = [Subject(SAMPLE, row.id, known[row.place].area_id, known[row.place].label, {"sampling": sampling.code}, days={"drawn": day}) for row in rows]
    for result in set_subjects(subjects, actor=INSPECTIONS, at=at):
        if isinstance(result, Refusal):
            raise result
    details = {"sampling": sampling.code, "candidates": len(weights), "drawn": len(rows)}
    record([Entry(at=at, actor=INSPECTIONS.id, action="inspections.draw", subject_type="draw", subject=draw.id, details=details)])
    return len(rows)
