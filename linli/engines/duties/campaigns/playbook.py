"""The playbook's ``campaigns`` section: campaigns that can be started, how doors are tried; and the permissions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from linli.kernel.access.rules import Confidentiality, declare
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text, UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.refusal import N_

READ = declare("campaigns.read", text=N_("see campaigns and how far they are"))
WORK = declare("campaigns.work", text=N_("note attempts of campaigns"))
MANAGE = declare("campaigns.manage", text=N_("start and end campaigns, lay out and share out their targets"))

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class TargetPart(Section):
    """Whom or what it is about; ``classes`` of places, facilities or matters, ``level`` of areas."""

    kind: Literal["household", "area", "place", "facility", "matter"] = Field(title="kind", json_schema_extra={"zh": "类型"})
    classes: list[str] = Field(default_factory=list, title="classes", json_schema_extra={"zh": "类别"})
    level: str = Field(default="", title="level", json_schema_extra={"zh": "层级"})


class GoalPart(Section):
    """A share of the targets in per cent, or a count."""

    share: int | None = Field(default=None, ge=1, le=100, title="per cent", json_schema_extra={"zh": "百分比"})
    count: int | None = Field(default=None, ge=1, title="count", json_schema_extra={"zh": "数量"})


class RetryPart(Section):
    tries: int = Field(default=3, ge=1, le=20, title="attempts at a door", json_schema_extra={"zh": "上门次数"})
    hours: int = Field(default=20, ge=0, le=336, title="hours between attempts", json_schema_extra={"zh": "间隔（小时）"})


class CampaignPart(Section):
    """A campaign that can be started; days and goal are what is proposed then."""

    code: Code
    names: Text
    about: Text | None = Field(default=None, title="about", json_schema_extra={"zh": "说明"})
    targets: TargetPart = Field(title="targets", json_schema_extra={"zh": "对象"})
    goal: GoalPart = Field(default=GoalPart(share=100), title="goal", json_schema_extra={"zh": "目标"})
    days: int = Field(default=30, ge=1, le=366, title="days", json_schema_extra={"zh": "天数"})
    retry: RetryPart = Field(default=RetryPart(), title="trying doors again", json_schema_extra={"zh": "再次上门"})
    public: bool = Field(default=True, title="progress is public", json_schema_extra={"zh": "进度公开"})

    @property
    def confidentiality(self) -> Confidentiality:
        return Confidentiality.PUBLIC if self.public else Confidentiality.INTERNAL


class CampaignsSection(Section):
    """What is started keeps the numbers that it began with."""

    templates: list[CampaignPart] = Field(default_factory=list, title="Campaigns", json_schema_extra={"zh": "专项行动"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Say what contradicts itself: codes given twice, no goal or two, levels and classes of matters that are not there."""
        for code, times in Counter(part.code for part in self.templates).items():
            if times > 1:
                place = [number for number, part in enumerate(self.templates) if part.code == code][-1]
                yield Issue(("templates", place), N_("“%(code)s” is given %(times)s times; give each code once"), {"code": code, "times": times})
        directory, matters = playbook.get("directory"), playbook.get("matters")
        levels = [str(level.code) for level in getattr(directory, "levels", ())]
        classes = [str(part.code) for part in getattr(matters, "classes", ())]
        for number, part in enumerate(self.templates):
            where = ("templates", number)
            if (part.goal.share is None) == (part.goal.count is None):
                yield Issue((*where, "goal"), N_("give a share or a count"))
            if part.targets.kind == "area" and levels and part.targets.level not in levels:
                yield Issue((*where, "targets", "level"), N_("there is no such level"), known=tuple(levels), given=part.targets.level)
            if part.targets.kind == "matter":
                if not part.targets.classes:
                    yield Issue((*where, "targets", "classes"), N_("name the classes of matters that it is about"))
                for place, code in enumerate(part.targets.classes):
                    if classes and code not in classes:
                        yield Issue((*where, "targets", "classes", place), N_("there is no such name in this playbook"), known=tuple(classes), given=code)


def templates() -> dict[str, CampaignPart]:
    """The campaigns of the active playbook, by code; none where it names none."""
    try:
        return {part.code: part for part in active_playbook().section(CampaignsSection).templates}
    except (NoPlaybook, UnknownSection):
        return {}
