"""The playbook's ``meetings`` section: which meetings there are, who sits in them, what comes before them; and the permissions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from linli.directory.organisation.playbook import DirectorySection
from linli.engines.duties.meetings.rules import Criterion, Why
from linli.engines.duties.playbook import DutiesSection
from linli.kernel.access.rules import Confidentiality, declare
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_

READ = declare("meetings.read", text=N_("see meetings, their agendas and minutes"))
KEEP = declare("meetings.keep", text=N_("convene meetings, keep and publish their minutes"))

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class SeatPart(Section):
    """Who takes part: the posts of a role in the meeting's area, a department's desk, or a body that has no post here."""

    role: str = Field(default="", title="role", json_schema_extra={"zh": "角色"})
    department: str = Field(default="", title="department", json_schema_extra={"zh": "部门"})
    body: Text | None = Field(default=None, title="body", json_schema_extra={"zh": "单位"})


class AgendaPart(Section):
    """One way onto the agenda; what is given has to be so together."""

    kinds: list[str] = Field(default_factory=list, title="kinds of matters", json_schema_extra={"zh": "事项类型"})
    classes: list[str] = Field(default_factory=list, title="classes", json_schema_extra={"zh": "事项类别"})
    only: Literal["any", "suspended", "overdue", "reopened"] = Field(default="any", title="only those that are", json_schema_extra={"zh": "只限"})
    level: str = Field(default="", title="level", json_schema_extra={"zh": "层级"}, description="at this level of the chain or above")

    def criterion(self) -> Criterion:
        return Criterion(frozenset(self.kinds), frozenset(self.classes), None if self.only == "any" else Why(self.only), self.level)


class MeetingPart(Section):
    """One kind of meeting. With ``duty`` it recurs: each occurrence of that duty is one meeting, held on its last day."""

    code: Code
    names: Text
    duty: str = Field(default="", title="its duty", json_schema_extra={"zh": "对应周期工作"}, description="a duty of kind meeting, about areas")
    begins: time = Field(default=time(15), title="begins at", json_schema_extra={"zh": "开始时间"})
    public: bool = Field(default=False, title="open to the public", json_schema_extra={"zh": "公开"})
    chair: str = Field(title="in the chair", json_schema_extra={"zh": "主持岗位"}, description="role of the post in the chair")
    takes_part: list[SeatPart] = Field(default_factory=list, title="takes part", json_schema_extra={"zh": "参会方"})
    agenda: list[AgendaPart] = Field(default_factory=list, title="agenda", json_schema_extra={"zh": "议题来源"})
    most: int = Field(default=20, ge=1, le=100, title="matters on one agenda", json_schema_extra={"zh": "每次议题上限"})
    action_class: str = Field(default="", title="class of its actions", json_schema_extra={"zh": "交办事项类别"})
    action_condition: str = Field(default="", title="condition of its actions", json_schema_extra={"zh": "交办事项情形"})

    @property
    def confidentiality(self) -> Confidentiality:
        return Confidentiality.PUBLIC if self.public else Confidentiality.INTERNAL


class MeetingsSection(Section):
    """Live: who sits and what comes up is as the playbook that holds now says; what was convened keeps its names and seats."""

    kinds: list[MeetingPart] = Field(default_factory=list, title="Meetings", json_schema_extra={"zh": "会议"})

    def kind(self, code: str) -> MeetingPart | None:
        return next((part for part in self.kinds if part.code == code), None)

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Say what contradicts itself: codes given twice; roles, departments, duties, levels and classes that are not there."""
        for code, times in Counter(part.code for part in self.kinds).items():
            if times > 1:
                place = [number for number, part in enumerate(self.kinds) if part.code == code][-1]
                yield Issue(("kinds", place), N_("“%(code)s” is given %(times)s times; give each code once"), {"code": code, "times": times})
        directory, duties, matters = playbook.get("directory"), playbook.get("duties"), playbook.get("matters")
        roles = [role.code for role in directory.roles] if isinstance(directory, DirectorySection) else None
        departments = [part.code for part in directory.departments] if isinstance(directory, DirectorySection) else None
        levels = [level.code for level in directory.levels] if isinstance(directory, DirectorySection) else None
        held = [rule.code for rule in duties.rules if rule.kind == "meeting"] if isinstance(duties, DutiesSection) else None
        classes = [str(part.code) for part in getattr(matters, "classes", ())] if matters is not None else None
        kinds = [str(part.code) for part in getattr(matters, "kinds", ())] if matters is not None else None
        for number, part in enumerate(self.kinds):
            asked: list[tuple[tuple[str | int, ...], str, list[str] | None]] = [
                (("chair",), part.chair, roles), (("duty",), part.duty, held), (("action_class",), part.action_class, classes),
                *((("takes_part", place, "role"), seat.role, roles) for place, seat in enumerate(part.takes_part)),
                *((("takes_part", place, "department"), seat.department, departments) for place, seat in enumerate(part.takes_part)),
                *((("agenda", place, "level"), way.level, levels) for place, way in enumerate(part.agenda)),
                *((("agenda", place, "classes"), code, classes) for place, way in enumerate(part.agenda) for code in way.classes),
                *((("agenda", place, "kinds"), code, kinds) for place, way in enumerate(part.agenda) for code in way.kinds),
            ]  # fmt: skip
            for where, given, known in asked:
                if given and known is not None and given not in known:
                    yield Issue(("kinds", number, *where), N_("there is no such name in this playbook"), known=tuple(known), given=given)
            for place, seat in enumerate(part.takes_part):
                if sum(map(bool, (seat.role, seat.department, seat.body))) != 1:
                    yield Issue(("kinds", number, "takes_part", place), N_("name one of role, department and body"))


def meeting_kinds() -> dict[str, MeetingPart]:
    """The kinds of the active playbook, by code."""
    return {part.code: part for part in active_playbook().section(MeetingsSection).kinds}
