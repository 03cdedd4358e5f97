"""Three must-arrive (三必到): a matter of a kind that the playbook names asks somebody to go there at once.

A matter is a subject like any other (kind ``matter``, facts ``kind`` and ``class``, a day ``reported``), so the rule is an
ordinary one of the ``duties`` section. It asks until the end of the day; where that leaves less than six hours, until the end of
the next, if the rule has two days. Corrected, it asks whoever it concerns now, and those whom it does not concern no more.
When the matter ends, nobody has to go any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from linli.directory.territory.selectors import ground
from linli.engines.duties.rules.subjects import Span, SpanKind, Subject
from linli.engines.duties.selectors.news import is_asked_for, rules_about
from linli.engines.duties.services.renewing import Standing, renew_subjects, rules_asking, standing
from linli.engines.duties.services.subjects import end_subjects, set_subjects
from linli.engines.matters.events import MatterEnded, MatterMoved, MatterReported, MatterTouched
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.kinds import MatterKind, kinds_of
from linli.kernel.access.rules import Actor
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.refusal import Refusal

ARRIVALS = Actor.system("arrivals")
MATTER = "matter"
LEAST = timedelta(hours=6)  # to go there


@subscribe("matter_asks_arrival.reported", MatterReported)
def ask(deliveries: Sequence[Delivered[MatterReported]]) -> None:
    """Handler of the outbox: open matters of playbooks that ask for it become subjects. Safe to repeat.

    Raises:
        Refusal: what keeps a matter from being a subject.
    """
    if not rules_about(MATTER):
        return
    known = kinds_of({delivery.event.key for delivery in deliveries})
    found = [(known.get(delivery.event.key), delivery.event.at) for delivery in deliveries]
    at = deliveries[0].handled_at
    subjects = [_subject(matter, since=since, at=at) for matter, since in found if matter is not None and matter.is_open]
    wanted = [subject for subject in subjects if is_asked_for(subject, at=at)]  # a year of replayed matters asks for nobody today
    _taken(set_subjects(wanted, actor=ARRIVALS, at=at))


@subscribe("matter_asks_arrival.corrected", MatterMoved, MatterTouched)
def ask_others(deliveries: Sequence[Delivered[MatterMoved | MatterTouched]]) -> None:
    """Handler of the outbox: what a corrected matter is, or where it lies, decides anew who has to go. Safe to repeat.

    Who was asked and has not gone is asked no more where the matter is another's now; who has gone need not go again. The days to go
    count from the correction.

    Raises:
        Refusal: what keeps a matter from being a subject.
    """
    corrected = {delivery.event.key: delivery.event.at for delivery in deliveries if delivery.event.verb == Verb.CORRECT}
    if not corrected or not rules_about(MATTER):
        return
    at = deliveries[0].handled_at
    before, anew, ended = standing(MATTER, corrected), list[Subject](), list[tuple[str, UUID]]()
    for matter in kinds_of(corrected).values():
        now, was = _subject(matter, since=corrected[matter.id], at=at), before.get(matter.id)
        if not matter.is_open or (was is not None and _holds(was, now)):
            continue
        if is_asked_for(now, at=at):
            anew.append(now)
        elif was is not None:
            ended.append((MATTER, matter.id))
    end_subjects(ended, actor=ARRIVALS, at=at)
    _taken(renew_subjects(anew, actor=ARRIVALS, at=at))


@subscribe("matter_asks_arrival.ended", MatterEnded)
def ask_no_more(deliveries: Sequence[Delivered[MatterEnded]]) -> None:
    """Handler of the outbox: what has ended asks for nobody."""
    end_subjects([(MATTER, delivery.event.key) for delivery in deliveries], actor=ARRIVALS, at=deliveries[0].handled_at)


def _subject(matter: MatterKind, *, since: datetime, at: datetime) -> Subject:
    """The matter as it asks from ``since`` on; the news of it may come a little late (``at``), and of a replayed year very late."""
    zone = ZoneInfo(ground().timezone)
    day, news = since.astimezone(zone).date(), at if at - since < timedelta(days=1) else since
    asks = Span(SpanKind.ACTIVE, day, (max(since, news) + LEAST).astimezone(zone).date())
    facts = {"kind": matter.kind, "class": matter.class_code}
    return Subject(MATTER, matter.id, matter.area_id, matter.code, facts, spans=(asks,), days={"reported": day})


def _holds(was: Standing, now: Subject) -> bool:
    """Whether who was asked to go is who has to: by the same rules on the same ground, or somebody has gone already."""
    asking = rules_asking(now)
    return bool(asking) and (asking <= was.done or (asking == rules_asking(was.subject) and now.area_id == was.subject.area_id))


def _taken(results: Sequence[UUID | Refusal]) -> None:
    for result in results:
        if isinstance(result, Refusal):
            raise result
