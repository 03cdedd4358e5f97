"""What every verb needs from the configuration, held still for the length of a write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from linli.directory.organisation.rules import Organisation
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules import Ground
from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import MattersSection, compile_policy
from linli.engines.matters.rules.decide import Place
from linli.engines.matters.rules.intake import FarAway, ReportRequest, on_earth
from linli.engines.matters.rules.policy import Policy
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.calendar.rules import TimeLimit, WorkingCalendar
from linli.kernel.calendar.selectors import calendar_of
from linli.kernel.epoch import services as epoch
from linli.kernel.playbooks.selectors import active_playbook, playbook_version
from linli.kernel.refusal import N_, Kind, Refusal


class NotSetUp(Refusal):
    code = "matters.not_set_up"
    message = N_("This installation has no territory, posts or playbook for matters yet.")
    kind = Kind.CONFLICT


@dataclass
class Frame:
    """The ground, the posts, the calendar and the policies of one configuration epoch; a ``World`` for the rules."""

    ground: Ground
    organisation: Organisation
    policy_id: UUID
    section: MattersSection
    calendar: WorkingCalendar
    _policies: dict[UUID, Policy] = field(default_factory=dict)
    _others: dict[UUID, Frame] = field(default_factory=dict)
    _heads: dict[tuple[str, UUID], UUID | None] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """The active playbook's policy: what new matters begin under."""
        return self.policy_of(self.policy_id)

    def policy_of(self, policy_id: UUID) -> Policy:
        """The policy that a matter began with and finishes under (DECIDED 12)."""
        known = self._policies.get(policy_id)
        if known is None:
            known = self._policies[policy_id] = compile_policy(playbook_version(policy_id).section(MattersSection))
        return known

    def under(self, policy_id: UUID) -> Frame:
        """The same ground and posts with the working calendar of the version that a matter began with."""
        if policy_id == self.policy_id:
            return self
        if policy_id not in self._others:
            self._others[policy_id] = replace(self, calendar=calendar_of(playbook_version(policy_id).section(CalendarSection)))
        return self._others[policy_id]

    def head(self, level: str, area_id: UUID) -> UUID | None:
        place = (level, area_id)
        if place not in self._heads:
            post = self.organisation.head(level, area_id)
            self._heads[place] = post.id if post else None
        return self._heads[place]

    def root(self) -> UUID:
        return self.organisation.root.id

    def serves(self, post_id: UUID) -> bool:
        return not self.organisation.post(post_id).retired

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        return self.calendar.due(start, limit)


def _build() -> Frame:
    playbook = active_playbook()
    return Frame(
        ground=ground(),
        organisation=organisation(),
        policy_id=playbook.version_id,
        section=playbook.section(MattersSection),
        calendar=calendar_of(playbook.section(CalendarSection)),
    )


_frame: epoch.Cached[Frame] = epoch.Cached(_build)


def held_frame() -> Frame:
    """The frame as it is now, held still until the transaction ends: for writes."""
    return _frame.get(epoch.hold())


def frame() -> Frame:
    """The frame for reading pages."""
    return _frame.get()


def placed(requests: Sequence[ReportRequest], *, frame: Frame) -> list[Place | Refusal]:
    """Return the owner area of each report: by its point, else by the area named, else unplaced.

    A point outside every area goes to the nearest one within the ground's limit and is marked; one farther away is
    refused. The points of a batch are located together.
    """
    land = frame.ground
    pointed = [number for number, request in enumerate(requests) if on_earth(request.lon, request.lat)]
    if len(pointed) > 8:
        located = list(land.locate_many([requests[n].lon or 0.0 for n in pointed], [requests[n].lat or 0.0 for n in pointed]))
    else:
        located = [land.locate(requests[n].lon or 0.0, requests[n].lat or 0.0) for n in pointed]
    found = dict(zip(pointed, located, strict=True))
    places: list[Place | Refusal] = []
    for number, request in enumerate(requests):
        try:
            location = found.get(number) or land.unplaced(land.by_code(request.area_code).id if request.area_code else None)
        except Refusal as refusal:
            places.append(refusal)
            continue
        if location.metres > land.outside_metres and location.area.id == land.root.id:
            places.append(FarAway(km=round(location.metres / 1000), place=land.root.name()))
            continue
        places.append(
            Place(area_id=location.area.id, area_path=location.area.path, placing=location.how.value, lon=request.lon, lat=request.lat, address=request.address)
        )
    return places
