"""The playbook's ``teams`` section: kinds of teams, venues and courses; and the permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from linli.directory.teams.rules import TeamKind
from linli.kernel.access.rules import declare
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

READ = declare("teams.read", text=N_("see teams, members and activities"))
MANAGE = declare("teams.manage", text=N_("found teams, take members in, appoint captains, record activities"))


class TeamKindPart(Section):
    """Patrol, visiting, publicity, or any other."""

    code: Code
    names: Text
    duties: Text | None = None
    courses: list[Code] = Field(default_factory=list, title="Courses asked for", json_schema_extra={"zh": "所需培训"})
    term_days: int = Field(default=365, ge=1, le=1830, title="A captain's term in days", json_schema_extra={"zh": "队长任期（天）"})
    captains: int = Field(default=6, ge=1, le=50, title="Captains at most", json_schema_extra={"zh": "队长人数上限"})


class VenuePart(Section):
    code: Code
    names: Text


class CoursePart(Section):
    """A course; ``valid_days``: when it has to be refreshed."""

    code: Code
    names: Text
    valid_days: int | None = Field(default=None, ge=1, le=3660, title="Valid for days", json_schema_extra={"zh": "有效期（天）"})


class MessagePart(Section):
    """What is written down when a duty is done goes to the members of teams in its area, each once."""

    duty: Code = Field(title="with the duty", json_schema_extra={"zh": "随哪项工作"})
    says: Code = Field(title="field of its form with the text", json_schema_extra={"zh": "表单中的正文字段"})
    kinds: list[Code] = Field(min_length=1, title="to teams of these kinds", json_schema_extra={"zh": "发给哪类队伍"})


class TeamsSection(Section):
    kinds: list[TeamKindPart] = Field(default_factory=list, title="Kinds of teams", json_schema_extra={"zh": "队伍类型"})
    venues: list[VenuePart] = Field(default_factory=list, title="Venues", json_schema_extra={"zh": "场所"})
    courses: list[CoursePart] = Field(default_factory=list, title="Courses", json_schema_extra={"zh": "培训课程"})
    messages: list[MessagePart] = Field(default_factory=list, title="Messages to members", json_schema_extra={"zh": "队员消息"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Say what contradicts itself: codes given twice; courses, kinds, duties and form fields that are not there."""
        for name in ("kinds", "venues", "courses"):
            seen: set[str] = set()
            for place, part in enumerate(getattr(self, name)):
                if part.code in seen:
                    yield Issue((name, place, "code"), N_("This code is used twice."))
                seen.add(part.code)
        known = [course.code for course in self.courses]
        for place, kind in enumerate(self.kinds):
            for row, course in enumerate(kind.courses):
                if course not in known:
                    yield Issue(("kinds", place, "courses", row), N_("there is no such course"), expected="a code from courses", given=course, known=known)
        yield from self._wrong_messages(playbook)

    def _wrong_messages(self, playbook: Sections) -> Iterable[Issue]:
        kinds = [kind.code for kind in self.kinds]
        rules = getattr(playbook.get("duties"), "rules", None)
        forms = None if rules is None else {str(rule.code): (rule.form or {}).get("properties", {}) for rule in rules}
        for place, message in enumerate(self.messages):
            for row, kind in enumerate(message.kinds):
                if kind not in kinds:
                    yield Issue(("messages", place, "kinds", row), N_("there is no such name in this playbook"), given=kind, known=kinds)
            if forms is None:
                continue
            if message.duty not in forms:
                yield Issue(("messages", place, "duty"), N_("there is no such name in this playbook"), given=message.duty, known=tuple(forms))
            elif forms[message.duty].get(message.says, {}).get("type") != "string":
                yield Issue(("messages", place, "says"), N_("the duty's form has no text of this name"), given=message.says, known=tuple(forms[message.duty]))


def teams_section() -> TeamsSection:
    """The section of the active playbook."""
    return active_playbook().section(TeamsSection)


def team_kinds() -> Mapping[str, TeamKind]:
    """The kinds of the active playbook, by code, in its order."""
    return {
        part.code: TeamKind(
            part.code, part.names.model_dump(), part.duties.model_dump() if part.duties else {}, tuple(part.courses), part.term_days, part.captains
        )
        for part in teams_section().kinds
    }
