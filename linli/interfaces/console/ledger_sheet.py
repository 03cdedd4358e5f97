"""A place's loose leaf as one sheet of paper (A4): its forms, the last inspections, its hazards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from linli.engines.duties.inspections.playbook import ledger_policy
from linli.engines.duties.inspections.selectors.ledgers import LeafView, LedgerPage
from linli.engines.duties.services.pictures import SIGNATURE
from linli.interfaces.console.duties_forms import told
from linli.interfaces.printing import Sheet
from linli.interfaces.tags import bilingual

INSPECTIONS, HAZARDS = 8, 6  # lines that fit


def sheet_of(page: LedgerPage, *, at: datetime, language: str) -> bytes:
    """The sheet as a PDF, in ``language``. What does not fit is named by its number, never left out without a word."""
    where = page.where
    head = [
        (gettext("Stake"), bilingual(dict(page.stake.names), language)),
        (gettext("Class"), bilingual(dict(ledger_policy()[1].named(where.class_code)), language) if where else ""),
        (gettext("Area"), bilingual(dict(page.area_names), language)),
        (gettext("Address"), where.address if where else ""),
        (gettext("Number"), where.code if where else ""),
        (gettext("Last inspected"), _when(page.inspected_at)),
    ]
    sheet = Sheet(title=page.label, subtitle=gettext("Place ledger, loose leaf"), foot=gettext("Printed %(when)s") % {"when": _when(at)})
    sheet.facts(head)
    for view in page.leaves:
        sheet.heading(bilingual(dict(view.form.names), language), _state(view))
        sheet.facts([*_answers(view, language), *_shown(view)])
    sheet.heading(gettext("Inspections and visits"), _rest(len(page.inspections), INSPECTIONS))
    rows = [
        (_when(line.at), bilingual(dict(line.names), language), line.by, _said(told(line.form, line.schema, language)))
        for line in page.inspections[:INSPECTIONS]
    ]
    sheet.table((gettext("When"), gettext("What"), gettext("Who"), gettext("Found")), rows, widths=(17, 25, 14, 44))
    sheet.heading(gettext("Hazards"), _rest(len(page.hazards), HAZARDS))
    hazards = [
        (_when(one.found_at), one.words, _day(one.rectify_by), one.matter_code, _when(one.mended_at) if one.mended_at else gettext("not mended yet"))
        for one in page.hazards[:HAZARDS]
    ]
    sheet.table((gettext("Found"), gettext("Hazard"), gettext("Mend by"), gettext("Matter"), gettext("Mended")), hazards, widths=(17, 40, 12, 16, 15))
    return sheet.finished()


def _answers(view: LeafView, language: str) -> Sequence[tuple[str, str]]:
    if view.current is None:
        return ()
    if view.current.answers is None:
        return [(gettext("Sealed"), gettext("forgotten, as its time is over") if view.current.forgotten else gettext("only for those who may read contacts"))]
    return told(view.current.answers, view.current.schema, language)


def _shown(view: LeafView) -> Sequence[tuple[str, str]]:
    """What of its photos and signature the reader may see, and from when: the pictures themselves stay on the place's page."""
    files = view.current.files if view.current else ()
    signed = [_when(file.at) for file in files if file.purpose == SIGNATURE]
    photos = sum(1 for file in files if file.purpose != SIGNATURE)
    return [*((gettext("Signature"), when) for when in signed), *([(gettext("Photos"), str(photos))] if photos else [])]


def _said(answers: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in answers)


def _state(view: LeafView) -> str:
    if view.current is None:
        return gettext("missing")
    said = gettext("version %(n)s, %(when)s") % {"n": view.current.version, "when": _when(view.current.at)}
    return f"{said} · {gettext('not yet of this year')}" if view.lacking else said


def _rest(count: int, most: int) -> str:
    return gettext("the last %(most)s of %(count)s") % {"most": most, "count": count} if count > most else ""


def _when(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else "—"


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
