"""An inspection finds a hazard: it becomes a matter that knows where it came from, and somebody looks again by the date to mend it.

Mended, the matter is solved. Not mended, it is opened again if somebody had closed it meanwhile; once the date to mend it is
reached it goes up a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from linli.directory.territory.selectors import ground
from linli.engines.duties.events import DutyDone
from linli.engines.duties.inspections.events import HazardMended, HazardStands
from linli.engines.duties.inspections.playbook import keeps_ledgers
from linli.engines.duties.inspections.services.hazards import Found, note_matter, take_reports
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.kinds import kinds_of
from linli.engines.matters.services.act import act
from linli.engines.matters.services.report import report_matters
from linli.kernel.access.rules import Actor
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.refusal import Refusal

INSPECTIONS = Actor.system("inspections")
SOURCE = "inspection"
MENDED = "复查：已整改 · Looked at again: mended"
STANDS = "复查：未整改 · Looked at again: not mended"


@subscribe("hazard_becomes_matter.found", DutyDone)
def open_matters(deliveries: Sequence[Delivered[DutyDone]]) -> None:
    """Handler of the outbox: what finished inspections found. Safe to repeat: a duty's answers are taken once, a matter has the hazard's key.

    Raises:
        Refusal: what keeps a matter from being opened; the finding stays a dead letter that is seen.
    """
    if not keeps_ledgers():
        return
    at = max(delivery.handled_at for delivery in deliveries)
    found = take_reports([delivery.event.key for delivery in deliveries], at=at)
    requests = [_request(hazard) for hazard in found]
    for hazard, receipt in zip(found, report_matters(requests, actor=INSPECTIONS, at=at) if requests else [], strict=True):
        if isinstance(receipt, Refusal):
            raise receipt
        note_matter(hazard_id=hazard.id, matter_id=receipt.matter_id, matter_code=receipt.code)


@subscribe("hazard_becomes_matter.mended", HazardMended)
def solve(deliveries: Sequence[Delivered[HazardMended]]) -> None:
    """Handler of the outbox: the matter of a mended hazard is solved, unless it has ended already."""
    known = kinds_of({delivery.event.matter for delivery in deliveries if delivery.event.matter})
    for delivery in deliveries:
        matter = delivery.event.matter
        if matter is not None and matter in known and known[matter].is_open:
            _first(matter, [(Verb.SOLVE,), (Verb.NOTE,)], MENDED, key=str(delivery.event.key), at=delivery.handled_at)


@subscribe("hazard_becomes_matter.stands", HazardStands)
def send_up(deliveries: Sequence[Delivered[HazardStands]]) -> None:
    """Handler of the outbox: the matter of a hazard that was not mended by its date goes up; one that was closed is opened again."""
    known = kinds_of({delivery.event.matter for delivery in deliveries if delivery.event.matter})
    for delivery in deliveries:
        matter = delivery.event.matter
        if matter is None or matter not in known:
            continue
        again: tuple[Verb, ...] = () if known[matter].is_open else (Verb.REOPEN,)
        up = [(*again, Verb.ESCALATE), (*again, Verb.RETURN, Verb.ESCALATE)] if delivery.event.overdue else [again] if again else []
        ways = [*up, (Verb.NOTE,)]
        _first(matter, ways, STANDS, key=str(delivery.event.duty), at=delivery.handled_at)


def _first(matter_id: UUID, ways: Sequence[tuple[Verb, ...]], words: str, *, key: str, at: datetime) -> None:
    """Go the first of these ways that the matter's state allows; a step that was done is not done again.

    Raises:
        Refusal: of the last way, where none can be gone.
    """
    refused: Refusal | None = None
    for way in ways:
        for verb in way:
            command = Command(matter_id, verb, at, key=f"{key}:{verb.value}", reason=words, text=words)
            (result,) = act([command], actor=INSPECTIONS)
            refused = result if isinstance(result, Refusal) else None
            if refused is not None:
                break
        if refused is None:
            return
    if refused is not None:
        raise refused


def _request(hazard: Found) -> ReportRequest:
    return ReportRequest(
        at=hazard.found_at, class_code=hazard.class_code, text=f"{hazard.place}：{hazard.words}", lon=hazard.lon, lat=hazard.lat, address=hazard.address,
        area_code=ground().area(hazard.area_id).code, source=SOURCE, key=f"hazard:{hazard.id}",
    )  # fmt: skip
