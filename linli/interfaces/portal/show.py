"""Matters in plain words: what residents read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from linli.directory.territory.selectors import ground_or_none
from linli.engines.matters.selectors.page import StepView
from linli.engines.matters.selectors.public import PublicMatter
from linli.interfaces.wording import clock_state, verb_words
from linli.kernel.calendar.playbook import Week

# What happens now, by state; %(post)s has the matter.
_NOW = {
    "reported": _("%(post)s has it and will look at it."),
    "filed": _("%(post)s has taken it up and will send somebody."),
    "dispatched": _("%(post)s is handling it."),
    "handled": _("It has been handled. %(post)s is checking the result."),
    "verified": _("The result has been checked. %(post)s is closing it."),
    "suspended": _("It is on hold. %(post)s will look at it again on the date named."),
    "closed": _("It is finished."),
    "refused": _("It was not taken up. The reason stands below."),
    "merged": _("It was joined with an earlier report of the same thing."),
}

# What a step did, said to everyone; %(post)s had it afterwards. Verbs that are not here take the wording of all faces.
_STORY = {
    "report": _("Reported. %(post)s has it from now on"),
    "file": _("%(post)s took it up"),
    "dispatch": _("%(post)s sent somebody"),
    "transfer": _("Handed to %(post)s"),
    "return": _("Sent back: not solved yet"),
    "report_back": _("Handled; waits for a check"),
    "solve": _("Solved"),
    "verify": _("Somebody checked that it is solved"),
    "close": _("Closed"),
    "reopen": _("Opened again, because it was not solved"),
    "escalate": _("Sent up to %(post)s"),
    "time_out": _("Time ran out, so it moved up by itself to %(post)s"),
    "suspend": _("Put on hold"),
    "resume": _("Taken up again by %(post)s"),
    "grant_extension": _("More time was granted"),
    "whistle": _("Departments were called to help"),
    "report_in": _("A department reported in"),
    "ask_reporter": _("A question to you"),
}


@dataclass(frozen=True, slots=True)
class ToldStep:
    """One step of the story, ready to be read."""

    title: str
    icon: str
    kind: str
    at: datetime
    text: str


def own_name(names: Mapping[str, str]) -> str:
    """A name in the reader's language, else in the other one."""
    first, second = ("en", "zh") if get_language() == "en" else ("zh", "en")
    return names.get(first) or names.get(second) or ""


def clock_of(matter: PublicMatter, *, at: datetime) -> str:
    return clock_state(state=matter.state, due_at=matter.due_at, closed_at=matter.closed_at, at=at)


def lines(matters: Iterable[PublicMatter], *, at: datetime) -> list[tuple[PublicMatter, str]]:
    """Matters with the state of their clocks, for lists."""
    return [(matter, clock_of(matter, at=at)) for matter in matters]


def now_words(matter: PublicMatter) -> str:
    """Who has it and what happens now, in one sentence."""
    return str(_NOW.get(matter.state, _NOW["dispatched"])) % {"post": own_name(matter.post_names)}


def story(steps: Iterable[StepView], *, is_open: bool) -> list[ToldStep]:
    """The steps, the newest first; the first one of an open matter is where it stands."""
    told = []
    for step in steps:
        happened, _wish, icon, kind = verb_words(step.verb)
        sentence = str(_STORY.get(step.verb, happened)) % {"post": own_name(step.post_names)}
        why = gettext("Reason: %(reason)s") % {"reason": step.reason} if step.reason else ""
        told.append(ToldStep(sentence, icon, kind, step.at, "\n".join(filter(None, (step.text, why)))))
    told.reverse()
    if told and is_open:
        newest = told[0]
        told[0] = ToldStep(newest.title, newest.icon, "now", newest.at, newest.text)
    return told


def map_bounds() -> str:
    """West, south, east and north of the community, as the map wants them; empty without outlines."""
    land = ground_or_none()
    outlines = [outline for area in land if (outline := land.polygon(area.id)) is not None] if land is not None else []
    if not outlines:
        return ""
    boxes = [outline.bounds for outline in outlines]
    return ",".join(f"{value:.5f}" for value in (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)))


def map_levels() -> str:
    """The levels that a map draws: all but the whole."""
    land = ground_or_none()
    return ",".join(land.levels[1:]) if land is not None else ""


def week_words(week: Week) -> list[tuple[str, list[str]]]:
    """A week's opening hours, equal days together: ("Mon–Fri", ["09:00–12:00", "13:30–17:30"]). Days off are left out."""
    days = week.days()
    lines: list[tuple[str, list[str]]] = []
    place = 0
    while place < len(days):
        last = place
        while last + 1 < len(days) and days[last + 1] == days[place]:
            last += 1
        if days[place]:
            first, until = (str(WEEKDAYS_ABBR[day]).replace("星期", "周") for day in (place, last))
            names = first if last == place else f"{first}–{until}"
            lines.append((names, [str(opening).replace("-", "–") for opening in days[place]]))
        place = last + 1
    return lines


def percent(share: float | None) -> Any:
    """A share as per cent with one decimal; None stays None: nothing was counted."""
    return None if share is None else round(100 * share, 1)
