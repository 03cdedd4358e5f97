"""The story of a matter in lines for its desk: what happened, who did it, what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from linli.engines.matters.selectors.desk import MatterDesk
from linli.engines.matters.selectors.page import StepView
from linli.engines.matters.services.frame import Frame, frame
from linli.interfaces.tags import bilingual
from linli.kernel.files.selectors import FileView


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One step, told. ``moved``: it changed who answers. ``after``: since the step before. ``fresh``: after what the reader saw."""

    step: StepView
    number: int
    who: str
    moved: bool
    after: timedelta | None
    facts: Sequence[tuple[str, str]]
    files: Sequence[FileView]
    fresh: bool = False


def story_of(desk: MatterDesk, *, language: str, seen: int | None = None) -> list[StoryLine]:
    """Every step, the oldest first; those after version ``seen`` are fresh."""
    lines: list[StoryLine] = []
    files = {file.id: file for file in desk.files}
    land = frame()
    before: StepView | None = None
    for number, step in enumerate(desk.page.steps, start=1):
        lines.append(
            StoryLine(
                step=step,
                number=number,
                who=_who(desk, step),
                moved=before is None or (before.level, before.post_names) != (step.level, step.post_names),
                after=step.at - before.at if before is not None and step.at > before.at else None,
                facts=_facts(desk, step, language, land=land),
                files=[files[key] for key in map(UUID, step.data.get("files", ())) if key in files],
                fresh=seen is not None and number > seen,
            )
        )
        before = step
    return lines


def _who(desk: MatterDesk, step: StepView) -> str:
    if step.by_clock:
        return gettext("by the clock")
    if step.by_reporter and not step.actor.startswith("user:"):
        return gettext("the reporter")
    return desk.who(step.actor) or gettext("the program")


def _facts(desk: MatterDesk, step: StepView, language: str, *, land: Frame) -> list[tuple[str, str]]:
    """What a step's codes say, in words."""
    data = step.data
    facts: list[tuple[str, str]] = []
    if "handler" in data:
        facts.append((gettext("to"), bilingual(dict(land.organisation.post(UUID(data["handler"])).names), language)))
    if "until" in data:
        facts.append((gettext("until"), _day(data["until"])))
    if "reached" in data:
        facts.append((gettext("reporter"), gettext("reached") if data["reached"] else gettext("not reached")))
    if "class" in data:
        facts.append((gettext("class"), " → ".join(_class(desk, code, language) for code in data["class"])))
    if "area" in data:
        facts.append((gettext("area"), " → ".join(bilingual(dict(land.ground.by_path(path).names), language) for path in data["area"])))
    if "into" in data:
        facts.append((gettext("into"), desk.codes.get(UUID(data["into"]), "")))
    return facts


def _class(desk: MatterDesk, code: str, language: str) -> str:
    known: Any = desk.page.policy.classes.get(code)
    return bilingual(dict(known.names), language) if known else code


def _day(text: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(text)), "SHORT_DATETIME_FORMAT")
