"""Duties in a story: subjects, check-ins, what one of them has to be, and the clocks as time goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import BeforeValidator, Field

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.duties import tasks
from linli.engines.duties.inspections.playbook import keeps_ledgers
from linli.engines.duties.rules.subjects import Span, SpanKind, Subject
from linli.engines.duties.rules.task import State, Verb
from linli.engines.duties.selectors.check import broken_invariants
from linli.engines.duties.selectors.news import rules_about
from linli.engines.duties.selectors.running import Seen, occurrence_at
from linli.engines.duties.services.checkin import Command, check_in, excuse
from linli.engines.duties.services.subjects import set_subjects
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.playbooks.rules import Section
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

DayText = Annotated[str, Field(pattern=r"^D-?[0-9]{1,3}$", description="day of the story: D9")]
DutyNames = Annotated[list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given), Field(min_length=1)]
_NAMES = UUID("9d2f0c5e-6a0e-5f39-9f6e-1f3f3a6b7c11")


class StayPart(Section):
    code: str
    first: DayText
    last: DayText | None = None


class SubjectPart(Section):
    """Whom duties are about, in grid ``grid`` of the demo territory; said again with other facts, it changes."""

    name: str
    kind: str = "care"
    grid: int = 0
    facts: dict[str, bool | int | str] = Field(default_factory=dict)
    since: DayText | None = None
    stays: list[StayPart] = Field(default_factory=list)
    days: dict[str, DayText] = Field(default_factory=dict)


class CheckInPart(Section):
    """Somebody with ``role`` checks in for ``duty`` of a subject (or of a grid, its community or street, or of a matter); ``excuse`` accepts a reason.

    Several duties are one visit that serves them all.
    """

    subject: str | None = None
    grid: int | None = None
    community: int | None = None
    street: int | None = None
    matter: str | None = None
    duty: DutyNames
    verb: Literal["take", "start", "arrive", "finish", "not_home", "refuse", "explain", "excuse"]
    role: str
    note: str = ""
    form: dict[str, Any] | None = None
    refused: str = ""


class ExpectDuty(Section):
    """What the duty of a subject has to be that runs now, or else ran last; ``count``: how many there are, begun or planned."""

    subject: str | None = None
    grid: int | None = None
    community: int | None = Field(default=None, description="the community of that grid")
    street: int | None = Field(default=None, description="the street of that grid")
    matter: str | None = None
    duty: str
    visit_serves: int | None = Field(default=None, description="how many duties the visit that ended it served")
    state: State | None = None
    owner: str | None = Field(default=None, description="role of the post that answers for it")
    held_by: str | None = Field(default=None, description="role of the post whose holder it is with")
    missed: bool | None = None
    excused: bool | None = None
    attempts: int | None = None
    count: int | None = None
    due: DayText | None = Field(default=None, description="the last day for it")


DUTY_THINGS: dict[str, type[Section]] = {"subject": SubjectPart, "check_in": CheckInPart, "expect_duty": ExpectDuty}


class DutyTelling:
    """The duties' part of a story; ``day`` turns ``D9`` into a date, ``matters`` names what was reported."""

    def __init__(self, *, first: datetime, matters: dict[str, Any]) -> None:
        self._first, self._matters = first, matters
        self._roles = {role.code: role.level for role in active_playbook().section(DirectorySection).roles}
        self.refs: dict[str, tuple[str, UUID]] = {}  # what a name in the story stands for: a care case, a place

    def run(self, at: datetime) -> None:
        """What the worker does meanwhile: stories, deriving, clocks, holders."""
        while (rules_about("matter") or keeps_ledgers()) and dispatch_once():
            pass
        tasks.derive_due(at)
        tasks.sweep(at)
        tasks.watch_holders(at)

    def subject(self, wanted: SubjectPart, at: datetime) -> list[str]:
        stays = tuple(Span(SpanKind.STAY, self.day(stay.first), self.day(stay.last) if stay.last else None, stay.code) for stay in wanted.stays)
        since = (Span(SpanKind.ACTIVE, self.day(wanted.since)),) if wanted.since else ()
        subject = Subject(
            wanted.kind, uuid5(_NAMES, wanted.name), grid_of_story(wanted.grid).id, wanted.name, wanted.facts, (*since, *stays),
            {name: self.day(day) for name, day in wanted.days.items()},
        )  # fmt: skip
        with write():
            (result,) = set_subjects([subject], actor=SYSTEM, at=at)
        self.run(at)
        return [f"refused: {result.code}"] if isinstance(result, Refusal) else []

    def check_in(self, wanted: CheckInPart, at: datetime) -> list[str]:
        found = [self._find(wanted, duty, at) for duty in wanted.duty]
        duties = tuple(seen.id for seen in found if seen is not None)
        if len(duties) < len(found):
            return [f"there is no {' or no '.join(wanted.duty)} of it"]
        first = next(seen for seen in found if seen is not None)
        actor = self._person(wanted.role, first)
        with write():
            if wanted.verb == "excuse":
                (result, *_) = excuse(list(duties), note=wanted.note, actor=actor, at=at)
            else:
                (result,) = check_in([Command(duties, Verb(wanted.verb), at, note=wanted.note, form=wanted.form)], actor=actor, at=at)
        code = result.code if isinstance(result, Refusal) else ""
        return [] if code == wanted.refused else [f"{code or 'not refused'}, expected {wanted.refused or 'that it is done'}"]

    def expect(self, wanted: ExpectDuty, at: datetime) -> list[str]:
        found = self._find(wanted, wanted.duty, at)
        if found is None:
            return [] if wanted.count == 0 else [f"there is no {wanted.duty} of it"]
        return list(self._unlike(wanted, found, at))

    def broken(self, at: datetime) -> list[str]:
        return [f"{finding.count} times not so: {finding.statement}" for finding in broken_invariants(actor=SYSTEM, at=at)]

    def _unlike(self, wanted: ExpectDuty, found: Seen, at: datetime) -> Iterator[str]:
        held = organisation()
        values: dict[str, Any] = {
            "state": found.state,
            "owner": held.post(found.post_id).role,
            "held_by": held.post(held.holder(found.post_id, at).acting_post_id).role,
            "missed": found.missed_at is not None,
            "excused": found.excused_at is not None,
            "attempts": found.attempts,
            "count": found.count,
            "visit_serves": found.visit_serves,
        }
        for name, value in values.items():
            asked = getattr(wanted, name)
            if asked is not None and asked != value:
                yield f"{name} is {value}, expected {asked}"
        due = (found.due_at - timedelta(seconds=1)).astimezone(self._first.tzinfo).date()
        if wanted.due is not None and due != self.day(wanted.due):
            yield f"due {due}, expected {self.day(wanted.due)}"

    def _find(self, wanted: CheckInPart | ExpectDuty, duty: str, at: datetime) -> Seen | None:
        if wanted.grid is not None:
            ref = ("area", grid_of_story(wanted.grid).id)
        elif wanted.community is not None:
            ref = ("area", ground().chain(grid_of_story(wanted.community).id)[-2].id)
        elif wanted.street is not None:
            ref = ("area", ground().chain(grid_of_story(wanted.street).id)[-3].id)
        elif wanted.subject in self.refs:
            ref = self.refs[wanted.subject]
        elif wanted.matter:
            ref = ("matter", self._matters[wanted.matter].matter_id)
        else:
            ref = ("", uuid5(_NAMES, wanted.subject or ""))
        return occurrence_at(rule=duty, kind=ref[0], ref=ref[1], at=at)

    def _person(self, role: str, found: Seen) -> Actor:
        """Somebody with the role in the duty's own area of that role's level, holding its first post there."""
        area = ground().at_level(found.area_id, self._roles.get(role, ""))
        posts = [post for post in organisation().posts_of(area.id) if post.role == role] if area else []
        access = active_playbook().section(DirectorySection).access_roles().get(role, role)
        path = area.path if area else ground().root.path
        return Actor(id=f"user:scenario-{role}", kind=ActorKind.USER, grants=(role_grant(access, path),), post_ids=frozenset(post.id for post in posts[:1]))

    def day(self, text: str) -> date:
        """The date of a day of the story."""
        return (self._first + timedelta(days=int(text[1:]) - 1)).date()


def grid_of_story(number: int) -> AreaNode:
    """Grid ``number`` of the ground, counted round."""
    lowest = ground().of_level(ground().levels[-1])
    return lowest[number % len(lowest)]
