"""What every verb needs from the configuration, held still for the length of a write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from linli.directory.organisation.rules import Organisation, PostNode
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules import Ground
from linli.directory.territory.selectors import ground
from linli.engines.duties.playbook import DutiesSection, compile_policy
from linli.engines.duties.rules.policy import DutiesPolicy, DutyRule
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.calendar.rules import TimeLimit, WorkingCalendar
from linli.kernel.calendar.selectors import calendar_of, calendar_of_version
from linli.kernel.epoch import services as epoch
from linli.kernel.playbooks.selectors import active_playbook, playbook_version
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import json_text


class NoSuchRule(Refusal):
    code = "duties.no_such_rule"
    message = N_("There is no duty %(rule)s in this playbook.")
    kind = Kind.MISSING


@dataclass
class Frame:
    """The ground, the posts, the calendar and the rules of one configuration epoch; a ``World`` for the rules."""

    ground: Ground
    organisation: Organisation
    policy_id: UUID
    policy: DutiesPolicy
    calendar: WorkingCalendar
    zone: ZoneInfo
    days: str  # the calendar's section, as text: part of what a derivation rests on
    _policies: dict[UUID, DutiesPolicy] = field(default_factory=dict)
    _posts: dict[tuple[tuple[str, ...], int, UUID], tuple[int, UUID] | None] = field(default_factory=dict)

    def rule(self, policy_id: UUID, code: str) -> DutyRule:
        """The rule that an occurrence began with.

        Raises:
            NoSuchRule: that version has none of this code.
        """
        policy = self.policy if policy_id == self.policy_id else self._policies.get(policy_id)
        if policy is None:
            policy = self._policies[policy_id] = compile_policy(playbook_version(policy_id).section(DutiesSection))
        found = policy.rules.get(code)
        if found is None:
            raise NoSuchRule(rule=code)
        return found

    def post_for(self, chain: tuple[str, ...], level: int, area_id: UUID) -> tuple[int, UUID] | None:
        key = (chain, level, area_id)
        if key not in self._posts:
            heads = ((place, self._answering(chain[place], area_id)) for place in range(level, len(chain)))
            self._posts[key] = next(((place, head.id) for place, head in heads if head is not None), None)
        return self._posts[key]

    def _answering(self, step: str, area_id: UUID) -> PostNode | None:
        """Who answers at a step of a chain: the head of a level, or the first post of a role."""
        return self.organisation.head(step, area_id) or self.organisation.first_of(step, area_id)

    def first_post(self, chain: tuple[str, ...], area_id: UUID) -> tuple[int, UUID]:
        """Who has a duty when it begins: the first level with a post there, else the root post."""
        return self.post_for(chain, 0, area_id) or (0, self.organisation.root.id)

    def holder(self, post_id: UUID, at: datetime) -> UUID:
        """Who answers at the post at ``at``, by succession."""
        return self.organisation.holder(post_id, at).person_id

    def due(self, start: datetime, limit: TimeLimit) -> datetime:
        return self.calendar.due(start, limit)

    def under(self, policy_id: UUID) -> Frame:
        """The same with the working calendar of the version that an occurrence began with."""
        if policy_id == self.policy_id:
            return self
        return Frame(
            self.ground, self.organisation, self.policy_id, self.policy, calendar_of_version(policy_id), self.zone, self.days, self._policies, self._posts
        )

    def day_of(self, at: datetime) -> date:
        """The local date of an instant."""
        return at.astimezone(self.zone).date()

    def moment(self, day: date, minutes: int) -> datetime:
        """The instant, in UTC, at which the local clock shows so many minutes of a day."""
        return (datetime(day.year, day.month, day.day, tzinfo=self.zone) + timedelta(minutes=minutes)).astimezone(UTC)


def _build() -> Frame:
    playbook = active_playbook()
    section = playbook.section(CalendarSection)
    return Frame(
        ground=ground(),
        organisation=organisation(),
        policy_id=playbook.version_id,
        policy=compile_policy(playbook.section(DutiesSection)),
        calendar=calendar_of(section),
        zone=section.zone(),
        days=json_text(section.model_dump(mode="json")),
    )


_frame: epoch.Cached[Frame] = epoch.Cached(_build)


def held_frame() -> Frame:
    """The frame as it is now, held still until the transaction ends: for writes."""
    return _frame.get(epoch.hold())


def frame() -> Frame:
    """The frame for reading pages."""
    return _frame.get()
