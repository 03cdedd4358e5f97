"""What can be reported here: the playbook's classes as a reporter meets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import get_language, gettext, ngettext

from linli.engines.matters.playbook import ClassPart, MattersSection
from linli.engines.matters.rules.suggest import Offered, suggest
from linli.kernel.calendar.rules import ClockUnit, TimeLimit
from linli.kernel.epoch.services import Cached
from linli.kernel.playbooks.rules import Text
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook

NAMED = 3  # what a number is for: so many names, more is not read in a hurry


@dataclass(frozen=True, slots=True)
class Offers:
    """The classes by code, those that a resident may report, what their everyday words are, and the numbers to call with what each is for."""

    section: MattersSection | None
    classes: Mapping[str, ClassPart]
    reported: Mapping[str, ClassPart]
    searched: tuple[Offered, ...]
    emergencies: Mapping[str, Mapping[str, str]]


def _build() -> Offers:
    try:
        section = active_playbook().section(MattersSection)
    except NoPlaybook:
        return Offers(None, {}, {}, (), {})
    calls: dict[str, list[Text]] = {}
    reported = {part.code: part for part in section.classes if part.reported_by == "everyone"}
    for part in section.classes:
        if part.emergency:
            calls.setdefault(part.emergency, []).append(part.names)
    return Offers(
        section,
        {part.code: part for part in section.classes},
        reported,
        tuple(Offered(part.code, part.names.model_dump(), tuple(part.words)) for part in reported.values()),
        {
            number: {"zh": "、".join(name.zh for name in names[:NAMED]), "en": ", ".join(name.en for name in names[:NAMED])}
            for number, names in sorted(calls.items())
        },
    )


_offers: Cached[Offers] = Cached(_build)


def offers() -> Offers:
    """What the playbook that holds now lets people report; empty before the first one."""
    return _offers.get()


def own(text: Text | None) -> str:
    """A text of the playbook in the reader's language."""
    return text.in_language(get_language() or "") if text is not None else ""


def suggested(text: str) -> list[ClassPart]:
    """The classes that these words probably mean."""
    known = offers()
    return [known.classes[suggestion.code] for suggestion in suggest(text, known.searched)]


def class_choices(classes: Mapping[str, ClassPart] | None = None) -> list[tuple[str, str | list[tuple[str, str]]]]:
    """Choices for a form, under the names of the playbook's groups: what a resident may report, or the given classes."""
    known = offers()
    kinds = {kind.code: kind.names for kind in known.section.kinds} if known.section else {}
    groups: dict[str, list[tuple[str, str]]] = {}
    for part in (known.reported if classes is None else classes).values():
        groups.setdefault(own(part.group or kinds[part.kind]), []).append((part.code, own(part.names)))
    return [("", gettext("Choose…")), *groups.items()]


def within(limit: TimeLimit) -> str:
    """A promise in plain words: "within 2 hours, day and night"."""
    if limit.unit == ClockUnit.URGENT_HOURS:
        return ngettext("within %(n)d hour, day and night", "within %(n)d hours, day and night", limit.amount) % {"n": limit.amount}
    if limit.unit == ClockUnit.WORKING_HOURS:
        return ngettext("within %(n)d working hour", "within %(n)d working hours", limit.amount) % {"n": limit.amount}
    return ngettext("within %(n)d working day", "within %(n)d working days", limit.amount) % {"n": limit.amount}


def condition_choices(part: ClassPart) -> list[tuple[str, str, str]]:
    """The conditions of a class: code, name, promise in words."""
    return [(row.code, own(row.names) or gettext("Ordinary case"), within(row.time)) for row in part.conditions]


def reopens_below() -> int:
    """“Not solved” with fewer stars than this opens a matter again; 0 where nothing does."""
    known = offers().section
    return known.reopen.below_rating if known is not None else 0
