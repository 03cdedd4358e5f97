"""Living through a story: each step by the service that a person's click would call, each expectation checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import record_absence
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.selectors.check import broken_invariants
from linli.engines.matters.selectors.page import MatterPage, matter_page
from linli.engines.matters.services.act import act
from linli.engines.matters.services.report import ReportReceipt, report_matters
from linli.engines.matters.services.reporters import Rating, rate_outcomes
from linli.engines.matters.services.whistle import blow_whistle, report_in
from linli.engines.matters.tasks import sweep
from linli.insight.selectors import Selection, selected_figures
from linli.insight.tasks import rebuild_figures
from linli.interfaces.scenario import story as parts
from linli.interfaces.scenario.campaigns import CampaignTelling
from linli.interfaces.scenario.care import CareTelling
from linli.interfaces.scenario.duties import DutyTelling
from linli.interfaces.scenario.generated import generate
from linli.interfaces.scenario.inspections import LedgerTelling
from linli.interfaces.scenario.meetings import MeetingTelling
from linli.interfaces.scenario.patrols import PatrolTelling
from linli.interfaces.scenario.story import Story
from linli.interfaces.scenario.teams import TeamTelling
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.clock.services import set_clock
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


@dataclass(frozen=True, slots=True)
class Told:
    """One step as it went: what was done or expected, and what was otherwise (empty: all as it should be)."""

    number: int
    at: datetime
    said: str
    wrong: tuple[str, ...] = ()


class Telling:
    """A story on an empty, staffed community; the playbook must hold and the demo territory be there."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._zone: ZoneInfo = active_playbook().section(CalendarSection).zone()
        self._receipts: dict[str, ReportReceipt] = {}
        self._roles = {role.code: role.level for role in active_playbook().section(DirectorySection).roles}
        self._levels = [part.level for part in active_playbook().section(MattersSection).route]
        self._duties = DutyTelling(first=self._when("D1 00:00"), matters=self._receipts)
        day = lambda text: self._when(f"{text} 00:00").date()  # noqa: E731
        self._meetings = MeetingTelling(day=day, matters=self._receipts, duties=self._duties)
        self._ledgers = LedgerTelling(duties=self._duties, matters=self._receipts)
        campaigns, teams = CampaignTelling(), TeamTelling(first=self._when("D1 00:00"))
        self._patrols = PatrolTelling(teams, first=self._when("D1 00:00"))
        self._do: dict[str, Callable[[Any, datetime], list[str]]] = {
            "report": self._report, "act": self._act, "whistle": self._whistle, "report_in": self._report_in, "rate": self._rate,
            "absent": self._absent, "generate": self._generate, "expect": self._expect, "figures": self._figures,
            "subject": self._duties.subject, "check_in": self._duties.check_in, "expect_duty": self._duties.expect,
            "campaign": campaigns.start, "attempt": campaigns.attempt, "expect_campaign": campaigns.expect,
            "hold": self._meetings.hold, "expect_meeting": self._meetings.expect,
            "place": self._ledgers.place, "leaf": self._ledgers.leaf, "inspect": self._ledgers.inspect, "expect_place": self._ledgers.expect_place,
            "expect_round": self._ledgers.expect_round, "expect_draw": self._ledgers.expect_draw,
            **CareTelling(self._duties, matters=self._receipts).steps(), **teams.steps(), **self._patrols.steps(),
        }  # fmt: skip

    def tell(self) -> Iterator[Told]:
        """Live through the steps; the clock stands at each step's time, and what fell due has moved."""
        for number, step in enumerate(self._story.steps, start=1):
            at = self._when(step.at)
            with write():
                set_clock(to=at)
            sweep(at=at)
            self._duties.run(at)
            self._ledgers.run(at)
            self._patrols.run(at)
            for name, thing in step.things().items():
                said = step.note or f"{name} {getattr(thing, 'matter', None) or getattr(thing, 'name', '')}".strip()
                try:
                    wrong = self._do[name](thing, at)
                except Refusal as refusal:
                    wrong = [_said(refusal)]
                yield Told(number, at, said, tuple(wrong))

    def _when(self, text: str) -> datetime:
        day, _, clock = text.partition(" ")
        first = datetime.fromisoformat(self._story.scenario.starts).date()
        return datetime.combine(first + timedelta(days=int(day[1:]) - 1), time.fromisoformat(clock), self._zone)

    # -- who and where -----------------------------------------------------------------------------------------------

    def _page(self, name: str, at: datetime) -> MatterPage:
        return matter_page(actor=SYSTEM, at=at, code=self._receipts[name].code)

    def _person(self, role: str, name: str, at: datetime) -> Actor:
        """Somebody with the role, in the matter's own area of that role's level."""
        matter = self._page(name, at).matter
        area: AreaNode | None = ground().at_level(matter.area_id, self._roles.get(role, ""))
        return Actor(id=f"user:scenario-{role}", kind=ActorKind.USER, grants=(role_grant(self._access(role), area.path if area else ground().root.path),))

    def _access(self, role: str) -> str:
        return active_playbook().section(DirectorySection).access_roles().get(role, role)

    def _grid(self, number: int) -> AreaNode:
        lowest = ground().of_level(ground().levels[-1])
        return lowest[number % len(lowest)]

    def _unit(self, code: str) -> UUID:
        return next(unit.id for unit in organisation().units if unit.code == code)

    # -- steps -------------------------------------------------------------------------------------------------------

    def _report(self, wanted: parts.Report, at: datetime) -> list[str]:
        centre = None if wanted.grid is None else self._grid(wanted.grid).centre
        lon, lat = centre if centre else (None, None)
        request = ReportRequest(
            at=at,
            class_code=wanted.class_code,
            condition=wanted.condition,
            text=wanted.text,
            lon=lon,
            lat=lat,
            source=wanted.source,
            key=f"scenario:{wanted.name}",
        )
        with write():
            (receipt,) = report_matters([request], actor=ANONYMOUS, at=at)
        if isinstance(receipt, Refusal):
            return [_said(receipt)]
        self._receipts[wanted.name] = receipt
        return []

    def _act(self, wanted: parts.Act, at: datetime) -> list[str]:
        command = Command(
            matter_id=self._receipts[wanted.matter].matter_id,
            verb=wanted.verb,
            at=at,
            text=wanted.text,
            reason=wanted.reason,
            into_id=self._receipts[wanted.into].matter_id if wanted.into else None,
            until=self._when(wanted.until) if wanted.until else None,
        )
        with write():
            (result,) = act([command], actor=self._person(wanted.role, wanted.matter, at))
        return _refused_as(result, wanted.refused)

    def _whistle(self, wanted: parts.WhistlePart, at: datetime) -> list[str]:
        with write():
            blow_whistle(
                actor=self._person(wanted.role, wanted.matter, at),
                at=at,
                matter_id=self._receipts[wanted.matter].matter_id,
                units=[self._unit(code) for code in wanted.units],
                reason=wanted.reason,
            )
        return []

    def _report_in(self, wanted: parts.ReportIn, at: datetime) -> list[str]:
        actor = self._person(wanted.role, wanted.matter, at)
        with write():
            report_in(actor=actor, at=at, matter_id=self._receipts[wanted.matter].matter_id, unit=self._unit(wanted.unit), answer=wanted.answer)
        return []

    def _rate(self, wanted: parts.Rate, at: datetime) -> list[str]:
        tracking = self._receipts[wanted.matter].tracking
        with write():
            (result,) = rate_outcomes([Rating(tracking, wanted.stars, solved=wanted.solved, comment=wanted.comment)], at=at)
        return _refused_as(result, "")

    def _absent(self, wanted: parts.Absent, at: datetime) -> list[str]:
        post = organisation().first_of(wanted.role, self._grid(wanted.grid).id)
        if post is None:
            return [f"nobody is {wanted.role} there"]
        person_id = organisation().holder(post.id, at).person_id
        with write():
            record_absence(actor=SYSTEM, at=at, person_id=person_id, starts_at=at, ends_at=self._when(wanted.until), reason=wanted.reason)
        return []

    def _generate(self, wanted: parts.Generate, at: datetime) -> list[str]:
        generate(wanted, at=at)
        return []

    # -- expectations ------------------------------------------------------------------------------------------------

    def _expect(self, wanted: parts.Expect, at: datetime) -> list[str]:
        names = [wanted.matter] if wanted.matter else list(self._receipts)
        return [f"{name}: {wrong}" for name in names for wrong in self._unlike(wanted, self._page(name, at))]

    def _unlike(self, wanted: parts.Expect, page: MatterPage) -> Iterator[str]:
        matter = page.matter
        level = matter.level if matter.closed_level is None else matter.closed_level
        found: dict[str, Any] = {
            "state": page.state,
            "level": self._levels[level],
            "owner": page.accountable.role,
            "held_by": organisation().post(page.holding.acting_post_id).role,
            "answered": all(reporter.answered_at is not None for reporter in page.reporters),
            "overdue": page.overdue,
            "reopenings": matter.reopenings,
            "whistles_open": sum(whistle.waiting for whistle in page.whistles),
            "reporters": len(page.reporters),
        }
        for name, value in found.items():
            asked = getattr(wanted, name)
            if asked is not None and asked != value:
                yield f"{name} is {value}, expected {asked}"
        if wanted.due is not None and matter.due_at != self._when(wanted.due):
            yield f"due {matter.due_at.astimezone(self._zone):%Y-%m-%d %H:%M}, expected {wanted.due}"

    def _figures(self, wanted: parts.Figures, at: datetime) -> list[str]:
        rebuild_figures()
        found = selected_figures(actor=SYSTEM, at=at, of=Selection(ground().root.path))
        wrong = []
        shares = {self._levels[line.level]: line.share for line in found.funnel}
        bounds: list[tuple[str, float | None, parts.Span | None]] = [(f"funnel {level}", shares.get(level), span) for level, span in wanted.funnel.items()]
        bounds += [
            (name, value, span)
            for name, value, span in (("on time", found.rates.on_time, wanted.on_time), ("solved", found.rates.solved, wanted.solved_rate))
            if span
        ]
        for name, value, span in bounds:
            if span is not None and (value is None or not span[0] <= value <= span[1]):
                wrong.append(f"{name} is {value}, expected {span[0]} to {span[1]}")
        if wanted.invariants:
            wrong += [f"{finding.count} times not so: {finding.statement}" for finding in broken_invariants(actor=SYSTEM, at=at)]
            wrong += [*self._duties.broken(at), *self._patrols.broken(at)]
        return wrong


def _said(refusal: Refusal) -> str:
    return f"refused: {refusal.sentence()}"


def _refused_as(result: object, expected: str) -> list[str]:
    if isinstance(result, Refusal):
        return [] if result.code == expected else [_said(result)]
    return [f"not refused, expected {expected}"] if expected else []
