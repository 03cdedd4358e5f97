"""The queue as a table, for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET

from linli.engines.matters.selectors.export import exported
from linli.engines.matters.selectors.queue import QueueRow
from linli.engines.matters.services.exporting import note_export
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.filters import wanted_of
from linli.interfaces.console.pages import level_names
from linli.interfaces.console.tables import response, safe_cell
from linli.interfaces.tags import bilingual
from linli.interfaces.wording import SOURCES, state_words
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_
from linli.kernel.writing import write

EXPORT_MOST = 100_000


@requires("matters.export")
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The queue as a table, with the same filters: ``format=csv`` (UTF-8 with its mark, for spreadsheets) or ``xlsx``."""
    actor = actor_of_request(request)
    at = now()
    wanted = replace(wanted_of(request.GET, actor), after=None)
    rows = list(exported(actor=actor, at=at, wanted=wanted, most=EXPORT_MOST))
    with write():
        note_export(actor=actor, at=at, count=len(rows), format=request.GET.get("format", "csv"))
    return response(_table(rows), format=request.GET.get("format", "csv"), name="linli", at=at)


def _table(rows: Sequence[QueueRow]) -> Iterator[list[str]]:
    language = get_language() or ""
    levels = level_names()
    yield [
        gettext(head)
        for head in (
            N_("Number"), N_("Class"), N_("State"), N_("Level"), N_("Accountable post"), N_("Area"), N_("Address"), N_("Words"), N_("Channel"),
            N_("Reported at"), N_("Level's deadline"), N_("Promise"), N_("Overdue"), N_("Closed at"), N_("Longitude"), N_("Latitude"),
        )
    ]  # fmt: skip
    for row in rows:
        words = (
            row.code,
            bilingual(dict(row.class_names), language),
            str(state_words(row.state)[0]),
            bilingual(levels.get(row.level_code), language) or row.level_code,
            bilingual(dict(row.post_names), language),
            bilingual(dict(row.area_names), language),
            row.address,
            row.text,
            str(SOURCES.get(row.source, row.source)),
            _when(row.reported_at),
            _when(row.level_due_at) if row.closed_at is None else "",
            _when(row.due_at),
            gettext("yes") if row.overdue else gettext("no"),
            _when(row.closed_at),
        )
        yield [*map(safe_cell, words), *("" if value is None else f"{value:.6f}" for value in (row.lon, row.lat))]


def short_table(rows: Sequence[QueueRow]) -> tuple[list[str], list[tuple[object, ...]]]:
    """Heads and lines of matters that were found by another way than the queue's filters."""
    language = get_language() or ""
    heads = [gettext(head) for head in (N_("Number"), N_("Class"), N_("State"), N_("Accountable post"), N_("Area"), N_("Address"), N_("Reported at"))]
    return heads, [
        (
            row.code, bilingual(dict(row.class_names), language), state_words(row.state)[0], bilingual(dict(row.post_names), language),
            bilingual(dict(row.area_names), language), row.address, row.reported_at,
        )
        for row in rows
    ]  # fmt: skip


def _when(instant: datetime | None) -> str:
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M}" if instant else ""
