"""What is open comes before the meeting: agendas gather matters by the playbook's criteria, each item naming its matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from linli.engines.duties.meetings.rules import Candidate, Criterion, Source, Why
from linli.engines.matters.selectors.agenda import Ask, matters_for_agenda


def open_matters(area_path: str, criteria: Sequence[Criterion], at: datetime) -> list[Candidate]:
    """An agenda source (``config/wiring.py``)."""
    asked = [Ask(one.kinds, one.classes, one.only.value if one.only else "", one.level) for one in criteria]
    return [
        Candidate(Source.MATTER, found.id, found.class_names, found.area_names, found.confidentiality, found.code, Why(found.why))
        for found in matters_for_agenda(area_path=area_path, asked=asked, at=at)
    ]
