"""Service points as residents meet them: the menu, and whether the door is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linli.directory.territory.playbook import ServicePoint, ServicePointsSection, calendar_of_point
from linli.kernel.calendar.playbook import CalendarSection, Week
from linli.kernel.calendar.selectors import calendar_of
from linli.kernel.playbooks.rules import UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """A service point at a moment: ``is_open``, and ``changes_at``: when it closes, or opens next."""

    point: ServicePoint
    week: Week
    is_open: bool
    changes_at: datetime | None


def service_points(*, at: datetime) -> list[OpenPoint]:
    """The service points of the playbook that holds now, in its order; none where it names none. No query of its own."""
    try:
        playbook = active_playbook()
        points, calendar = playbook.section(ServicePointsSection).points, playbook.section(CalendarSection)
    except (NoPlaybook, UnknownSection):
        return []
    found = []
    for point in points:
        section = calendar_of_point(point, calendar)
        known = calendar_of(section)
        found.append(OpenPoint(point, section.hours, known.is_open(at), known.next_change(at)))
    return found
