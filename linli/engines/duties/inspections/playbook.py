"""The playbook's ``inspections`` section: stakes with their forms, draws, how a hazard is said; and the permissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from linli.engines.duties.inspections.rules.ledger import HAZARD, SAMPLE, HazardTerms, LeafForm, LedgerPolicy, Sampling, Stake
from linli.engines.duties.rules.forms import wrong_with
from linli.engines.duties.rules.policy import Evidence
from linli.kernel.access.rules import declare
from linli.kernel.boundaries import refused_attribute
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text, UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook, playbook_version
from linli.kernel.refusal import N_

READ = declare("ledgers.read", text=N_("see place ledgers, inspections and hazards"))
WRITE = declare("ledgers.write", text=N_("fill in place ledgers"))
CONTACTS = declare("ledgers.read_contacts", text=N_("read whom to reach at a place"))

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ClassCode = Annotated[str, Field(min_length=1, max_length=40)]
RecordKind = Literal["place", "entity"]


class LeafFormPart(Section):
    """One form of a ledger. Least data: people are counted, not listed."""

    code: Code
    names: Text
    form: dict[str, Any] = Field(description="JSON Schema: plain properties, each with title (English) and title_zh")
    yearly: bool = Field(default=False, title="asked anew by the yearly census", json_schema_extra={"zh": "年初普查更新"})
    evidence: list[Evidence] = Field(
        default_factory=list, title="evidence", json_schema_extra={"zh": "凭据"}, description="photo, signature: no version is written without it"
    )  # fmt: skip
    contact_days: int | None = Field(default=None, ge=1, le=800, title="a work contact: days it is kept", json_schema_extra={"zh": "工作联系人保存天数"})


class StakePart(Section):
    """Places of some classes and the forms of their ledgers."""

    code: Code
    names: Text
    kind: RecordKind = "place"
    classes: list[ClassCode] = Field(min_length=1, title="classes of places", json_schema_extra={"zh": "场所类别"})
    forms: list[LeafFormPart] = Field(min_length=1, title="forms", json_schema_extra={"zh": "台账表单"})


class SamplingPart(Section):
    """An irregular draw of places for inspection."""

    code: Code
    names: Text
    kind: RecordKind = "place"
    classes: list[ClassCode] = Field(min_length=1, title="classes of places", json_schema_extra={"zh": "场所类别"})
    draw: int = Field(ge=1, le=50, title="places drawn", json_schema_extra={"zh": "抽取数量"})
    every: Literal["day", "week"] = Field(default="day", title="every", json_schema_extra={"zh": "每"})
    within: str = Field(default="", title="in each area of the level", json_schema_extra={"zh": "按层级分别抽取"})


class HazardPart(Section):
    """Which answers of an inspection's form say that something is wrong, and that it is mended."""

    found: str = Field(default="hazard", title="answer: what is wrong", json_schema_extra={"zh": "隐患内容字段"})
    until: str = Field(default="rectify_by", title="answer: mend by", json_schema_extra={"zh": "整改期限字段"})
    mended: str = Field(default="mended", title="answer: mended", json_schema_extra={"zh": "是否整改字段"})
    class_code: str = Field(alias="class", title="class of the matter", json_schema_extra={"zh": "事项类别"})
    days: int = Field(default=7, ge=1, le=180, title="days to mend it", json_schema_extra={"zh": "整改天数"})


class InspectionsSection(Section):
    """Ledgers of places. A leaf keeps the playbook version that it was written under."""

    classes: dict[ClassCode, Text] = Field(default_factory=dict, title="Classes of places", json_schema_extra={"zh": "场所类别名称"})
    stakes: list[StakePart] = Field(default_factory=list, title="Stakes", json_schema_extra={"zh": "桩（场所台账）"})
    samplings: list[SamplingPart] = Field(default_factory=list, title="Draws", json_schema_extra={"zh": "随机抽查"})
    hazards: HazardPart | None = Field(default=None, title="Hazards", json_schema_extra={"zh": "隐患"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Say what contradicts itself: codes given twice, a class in two stakes, forms that are none, places that nobody inspects."""
        yield from _twice(("stakes",), [stake.code for stake in self.stakes])
        yield from _twice(("samplings",), [sampling.code for sampling in self.samplings])
        duties = playbook.sections.get("duties")
        about = {rule.subjects.kind for rule in getattr(duties, "rules", ())}
        kinds = {stake.kind for stake in self.stakes}
        for rule in getattr(duties, "rules", ()):
            if rule.census and rule.subjects.kind not in kinds:
                message = N_("the duty “%(code)s” is a census, and no stake has subjects of the kind “%(kind)s”")
                yield Issue(("stakes",), message, {"code": rule.code, "kind": rule.subjects.kind})
        taken: dict[tuple[str, str], str] = {}
        for place, stake in enumerate(self.stakes):
            if stake.kind not in about:
                message = N_("no duty is about subjects of the kind “%(kind)s”: nobody would inspect these places")
                yield Issue(("stakes", place, "kind"), message, {"kind": stake.kind})
            for row, code in enumerate(stake.classes):
                if (stake.kind, code) in taken:
                    yield Issue(("stakes", place, "classes", row), N_("the class “%(class)s” belongs to another stake already"), {"class": code})
                taken[stake.kind, code] = stake.code
                if refused_attribute(code):
                    yield Issue(("stakes", place, "classes", row), N_("Linli keeps no %(attribute)s of anyone."), {"attribute": refused_attribute(code) or ""})
            yield from _twice(("stakes", place, "forms"), [form.code for form in stake.forms])
            for row, form in enumerate(stake.forms):
                yield from _form_issues(form, ("stakes", place, "forms", row))
        levels = [str(level.code) for level in getattr(playbook.sections.get("directory"), "levels", ())]
        for place, sampling in enumerate(self.samplings):
            if sampling.within and levels and sampling.within not in levels:
                yield Issue(("samplings", place, "within"), N_("there is no such level"), given=sampling.within, known=tuple(levels))
        if self.samplings and SAMPLE not in about:
            yield Issue(("samplings",), N_("no duty is about subjects of the kind “%(kind)s”: nobody would inspect these places"), {"kind": SAMPLE})
        if self.hazards is not None:
            yield from _hazard_issues(self.hazards, playbook, about)


def _hazard_issues(part: HazardPart, playbook: Sections, about: set[str]) -> Iterator[Issue]:
    if HAZARD not in about:
        yield Issue(("hazards",), N_("no duty is about subjects of the kind “%(kind)s”: nobody would look again"), {"kind": HAZARD})
    known = [str(one.code) for one in getattr(playbook.sections.get("matters"), "classes", ())]
    if known and part.class_code not in known:
        yield Issue(("hazards", "class"), N_("there is no such class"), expected="a class of matters", given=part.class_code, known=tuple(known))


def _form_issues(part: LeafFormPart, where: tuple[str | int, ...]) -> Iterator[Issue]:
    for row, what in enumerate(part.evidence):
        if what not in (Evidence.PHOTO, Evidence.SIGNATURE):
            message = N_("a leaf carries a photo and a signature, nothing else")
            yield Issue((*where, "evidence", row), message, expected="photo, signature", given=what.value)
    if part.evidence and part.contact_days is not None:
        yield Issue((*where, "evidence"), N_("a leaf that says whom to reach is sealed and forgotten: it carries no photo and no signature"))
    wrong = list(wrong_with(part.form))
    for message, values in wrong:
        yield Issue((*where, "form"), message, values)
    for name, given in ({} if wrong else part.form["properties"]).items():
        if not given.get("title") or not given.get("title_zh"):
            yield Issue((*where, "form"), N_("“%(name)s” needs a title in both languages: title and title_zh"), {"name": str(name)})


def _twice(where: tuple[str | int, ...], codes: list[str]) -> Iterator[Issue]:
    for place, code in enumerate(codes):
        if code in codes[:place]:
            yield Issue((*where, place, "code"), N_("“%(code)s” is given %(times)s times; give each code once"), {"code": code, "times": codes.count(code)})


def compile_policy(section: InspectionsSection) -> LedgerPolicy:
    """Turn the section into the plain values that the rules read. A leaf takes no answer that its form does not ask for."""
    return LedgerPolicy(
        stakes={
            stake.code: Stake(
                stake.code, stake.names.model_dump(), stake.kind, frozenset(stake.classes),
                {
                    form.code: LeafForm(
                        form.code, form.names.model_dump(), {**form.form, "additionalProperties": False}, form.yearly, form.contact_days,
                        frozenset(form.evidence),
                    )
                    for form in stake.forms
                },
            )
            for stake in section.stakes
        },
        samplings={
            one.code: Sampling(one.code, one.names.model_dump(), one.kind, frozenset(one.classes), one.draw, one.every == "week", one.within)
            for one in section.samplings
        },
        hazards=HazardTerms(**section.hazards.model_dump()) if section.hazards else None,
        class_names={code: names.model_dump() for code, names in section.classes.items()},
    )  # fmt: skip


@lru_cache(maxsize=64)
def _compiled(version_id: UUID) -> LedgerPolicy:
    try:
        return compile_policy(playbook_version(version_id).section(InspectionsSection))
    except UnknownSection:
        return LedgerPolicy()


def ledger_policy() -> tuple[UUID, LedgerPolicy]:
    """The active playbook's version and what it decides.

    Raises:
        NoPlaybook: an empty installation.
    """
    version = active_playbook().version_id
    return version, _compiled(version)


def policy_of(version_id: UUID) -> LedgerPolicy:
    """What a playbook version decided: for leaves written under it."""
    return _compiled(version_id)


def keeps_ledgers() -> bool:
    """Whether the playbook that holds now has places with ledgers."""
    try:
        return bool(ledger_policy()[1].stakes)
    except NoPlaybook:
        return False
