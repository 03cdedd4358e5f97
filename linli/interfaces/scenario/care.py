"""Care cases in a story: opened on the desk, changed by their own people; their visits are duties of the story."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from linli.directory.devices.selectors import devices
from linli.directory.devices.services import NewDevice, raise_alarm, register_devices
from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.selectors import ground
from linli.domains.care.playbook import care_policy
from linli.domains.care.rules.content import Content
from linli.domains.care.rules.terms import Basis, Ending, Terms
from linli.domains.care.services import cases, days
from linli.domains.care.services.cases import NewCase, open_case
from linli.domains.care.services.erasing import erase_on_request
from linli.domains.care.services.reading import break_glass, read_case
from linli.engines.matters.selectors.page import matter_page
from linli.interfaces.scenario.duties import DayText, DutyTelling, grid_of_story
from linli.interfaces.scenario.inspections import Raised
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.playbooks.rules import Section
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

REASON = "电话里有人求助，必须马上知道住处"


class CarePart(Section):
    """A care case is opened in grid ``grid`` on consent until ``until``, or on a statutory ``duty``; ``post`` answers for it."""

    name: str
    purpose: str
    level: str
    post: str = "grid_head"
    grid: int = 0
    until: DayText = "D120"
    duty: str = ""
    bell: str = Field(default="", description="code of the care bell in the home; it is registered with the case")
    refused: str = ""


class CareAct(Section):
    """Somebody with ``role`` does something with a case: who holds its post, or (``stranger``) somebody else with that role.

    ``raises`` names the matter that a ringing bell opens.
    """

    case: str
    do: Literal["read", "glass", "level", "stay", "day", "pause", "go_on", "review", "close", "withdraw", "erase", "ring"]
    stranger: bool = False
    role: str = Field(default="", description="the stranger's; empty: that of the case's post")
    code: str = Field(default="", description="level, stay, day, or reason of a pause")
    first: DayText | None = None
    last: DayText | None = None
    raises: str = ""
    refused: str = ""


class CareTelling:
    """The care part of a story, beside its duties."""

    def __init__(self, duties: DutyTelling, *, matters: dict[str, Any]) -> None:
        self._duties, self._matters = duties, matters
        self._cases: dict[str, tuple[UUID, CarePart]] = {}

    def steps(self) -> Mapping[str, Callable[[Any, datetime], list[str]]]:
        return {"care": self._told(self._open), "care_act": self._acted}

    def _told(self, act: Callable[[Any, datetime], None]) -> Callable[[Any, datetime], list[str]]:
        def do(wanted: Any, at: datetime) -> list[str]:
            try:
                with write():
                    act(wanted, at)
            except Refusal as refusal:
                return [] if refusal.code == wanted.refused else [f"refused: {refusal.code}"]
            while dispatch_once():
                pass
            self._duties.run(at)
            return [f"not refused, expected {wanted.refused}"] if wanted.refused else []

        return do

    def _acted(self, wanted: CareAct, at: datetime) -> list[str]:
        wrong = self._told(self._act)(wanted, at)
        if wanted.raises and not wrong:
            bell = self._cases[wanted.case][1].bell
            code = next((line.matter_code for line in devices(actor=SYSTEM) if line.code == bell), "")
            if not code:
                return ["no matter came of it"]
            self._matters[wanted.raises] = Raised(matter_page(actor=SYSTEM, at=at, code=code).matter.id, code)
        return wrong

    def _open(self, wanted: CarePart, at: datetime) -> None:
        grid, policy, today = grid_of_story(wanted.grid), care_policy(), at.date()
        ends = self._duties.day(wanted.until)
        consent = {} if wanted.duty else {"consent_given_on": today, "consent_until": ends, "consent_how": "paper"}
        review = min(ends, today + timedelta(days=policy.review_days))
        basis = Basis.DUTY if wanted.duty else Basis.CONSENT
        terms = Terms(basis, wanted.purpose, wanted.level, review, ends, duty=wanted.duty, **consent)  # type: ignore[arg-type]
        actor, post = self._worker(wanted, stranger=False)
        case_id = open_case(actor=actor, at=at, case=NewCase(grid.id, post, terms, Content(wanted.name)))
        if wanted.bell:
            register_devices(actor=SYSTEM, at=at, devices=[NewDevice(wanted.bell, "care_bell", {"zh": "爱心铃", "en": "Care bell"}, grid.code)])
            cases.set_bell(actor=actor, at=at, case_id=case_id, bell=wanted.bell)
        self._cases[wanted.name] = case_id, wanted
        self._duties.refs[wanted.name] = ("care", case_id)

    def _act(self, wanted: CareAct, at: datetime) -> None:
        case_id, part = self._cases[wanted.case]
        actor, _post = self._worker(part, stranger=wanted.stranger, role=wanted.role)
        common: dict[str, Any] = {"actor": actor, "at": at, "case_id": case_id}
        first = self._duties.day(wanted.first) if wanted.first else None
        last = self._duties.day(wanted.last) if wanted.last else None
        doing: dict[str, Callable[[], object]] = {
            "read": lambda: read_case(**common),
            "glass": lambda: break_glass(**common, reason=REASON),
            "level": lambda: cases.change_level(**common, level=wanted.code),
            "stay": lambda: days.enter_stay(**common, stay=wanted.code, first=first or at.date(), last=last),
            "day": lambda: days.set_day(**common, day=wanted.code, on=first),
            "pause": lambda: days.pause_case(**common, first=first or at.date(), last=last, reason=wanted.code),
            "go_on": lambda: days.go_on(**common, first=first or at.date()),
            "review": lambda: cases.review_case(**common, next_on=first or at.date()),
            "close": lambda: cases.close_case(**common, ending=Ending(wanted.code or "goals_reached")),
            "withdraw": lambda: cases.withdraw_consent(**common),
            "erase": lambda: erase_on_request(**common),
            "ring": lambda: raise_alarm(actor=SYSTEM, at=at, device=part.bell, happened_at=at),
        }
        doing[wanted.do]()

    def _worker(self, part: CarePart, *, stranger: bool, role: str = "") -> tuple[Actor, UUID]:
        """Whoever holds the case's post; or a colleague with the same rights who does not."""
        section = active_playbook().section(DirectorySection)
        post = organisation().first_of(part.post, grid_of_story(part.grid).id)
        assert post is not None, f"nobody is {part.post} there"
        named = role or part.post
        grant = role_grant(section.access_roles().get(named, named), ground().area(post.area_id).path)
        name = "colleague" if stranger else part.post
        held = frozenset() if stranger else frozenset({post.id})
        return Actor(id=f"user:scenario-{name}", kind=ActorKind.USER, grants=(grant,), post_ids=held), post.id
