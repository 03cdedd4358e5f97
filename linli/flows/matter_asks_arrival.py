"""Three must-arrive (三必到): a matter of a kind that the playbook names asks somebody to go there the same day.

A matter is a subject like any other (kind ``matter``, facts ``kind`` and ``class``, a day ``reported``), so the rule is an
ordinary one of the ``duties`` section. When the matter ends, nobody has to go any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from linli.directory.territory.selectors import ground
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.selectors.news import is_asked_for, rules_about
from linli.engines.duties.services.subjects import end_subjects, set_subjects
from linli.engines.matters.events import MatterEnded, MatterReported
from linli.engines.matters.selectors.kinds import kinds_of
from linli.kernel.access.rules import Actor
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.refusal import Refusal

ARRIVALS = Actor.system("arrivals")
MATTER = "matter"


@subscribe("matter_asks_arrival.reported", MatterReported)
def ask(deliveries: Sequence[Delivered[MatterReported]]) -> None:
    """Handler of the outbox: open matters of playbooks that ask for it become subjects. Safe to repeat.

    Raises:
        Refusal: what keeps a matter from being a subject.
    """
    if not rules_about(MATTER):
        return
    known = kinds_of({delivery.event.key for delivery in deliveries})
    zone = ZoneInfo(ground().timezone)
    subjects = []
    for delivery in deliveries:
        matter = known.get(delivery.event.key)
        if matter is not None and matter.is_open:
            day = delivery.event.at.astimezone(zone).date()
            facts = {"kind": matter.kind, "class": matter.class_code}
            subjects.append(Subject(MATTER, matter.id, matter.area_id, matter.code, facts, days={"reported": day}))
    at = deliveries[0].handled_at
    wanted = [subject for subject in subjects if is_asked_for(subject, at=at)]  # a year of replayed matters asks for nobody today
    for result in set_subjects(wanted, actor=ARRIVALS, at=at):
        if isinstance(result, Refusal):
            raise result


@subscribe("matter_asks_arrival.ended", MatterEnded)
def ask_no_more(deliveries: Sequence[Delivered[MatterEnded]]) -> None:
    """Handler of the outbox: what has ended asks for nobody."""
    end_subjects([(MATTER, delivery.event.key) for delivery in deliveries], actor=ARRIVALS, at=deliveries[0].handled_at)
