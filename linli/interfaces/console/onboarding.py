"""A table of people, posts or appointments taken in: what each row would change is shown first, and done when it is sure."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from linli.directory.organisation.rules.importing import COLUMNS, Effect, ImportKind, Line, Plan
from linli.directory.organisation.rules.tables import TableTooLarge
from linli.directory.organisation.services.importing import import_table, preview_import
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import asked_format, response
from linli.interfaces.refusals import sentence
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

MOST_BYTES = 8 * 1024 * 1024  # of a table on this page; larger ones go by the command line
MOST_CARRIED = 1_800_000  # characters of a looked-at table that the page brings back, under Django's limit for fields
MOST_ROWS = 100_000
SHOWN = 40  # rows of one effect

KINDS = {ImportKind.PEOPLE: _("People"), ImportKind.POSTS: _("Posts"), ImportKind.APPOINTMENTS: _("Appointments")}
EFFECTS = {Effect.REFUSED: _("Refused"), Effect.ADDED: _("Added"), Effect.CHANGED: _("Changed"), Effect.UNCHANGED: _("Unchanged")}


class TableForm(forms.Form):
    """The table: a file, or what was ``carried`` back from the look at it."""

    kind = forms.ChoiceField(label=_("What the table holds"), choices=list(KINDS.items()), widget=forms.RadioSelect)
    table = forms.FileField(
        label=_("Table"), widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
        help_text=_("CSV (UTF-8, UTF-16 or GB18030) or XLSX, the first row naming the columns."),
    )  # fmt: skip
    carried = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["table"].required = not self.data.get("carried")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file = given.get("table")
        if file is not None and file.size > MOST_BYTES:
            raise forms.ValidationError(sentence(TableTooLarge(megabytes=MOST_BYTES // 1024 // 1024, rows=MOST_ROWS)))
        given["data"] = file.read() if file is not None else unpacked(given.get("carried", ""))
        if not given["data"] and not self.errors:
            self.add_error("table", gettext("Choose the table again."))
        return given


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows of one effect: how many, and the first of them with why."""

    effect: str
    words: str | Promise
    count: int
    rows: list[tuple[int, str, str]]


def packed(data: bytes) -> str:
    """A table as text that a page can bring back."""
    return base64.b64encode(zlib.compress(data)).decode()


def unpacked(text: str) -> bytes:
    """The table again; empty where it is none, or larger than any that was taken."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(text, validate=True), MOST_BYTES)
    except (binascii.Error, zlib.error, ValueError):
        return b""


@requires("directory.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def take_in(request: HttpRequest) -> HttpResponseBase:
    """Take in a table: GET shows the form (or, with ``format``, an empty table), POST what it would do, POST with ``sure`` does it."""
    actor, at = actor_of_request(request), now()
    actor.require("directory.manage")
    if request.method == "GET":
        return empty_table(request) if asked_format(request) else _page(request, TableForm(initial={"kind": ImportKind.PEOPLE}))
    form = TableForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=400)
    kind, data = ImportKind(form.cleaned_data["kind"]), form.cleaned_data["data"]
    skip = request.POST.get("sure") == "without"
    try:
        if not request.POST.get("sure"):
            return _page(request, form, plan=preview_import(actor=actor, kind=kind, data=data), data=data)
        with write():
            plan = import_table(actor=actor, at=at, kind=kind, data=data, skip_refused=skip)
    except Refusal as refusal:
        form.add_error("table", sentence(refusal))
        return _page(request, form, status=400)
    counts = plan.counts()
    told = gettext("Taken in: %(added)s added, %(changed)s changed, %(unchanged)s unchanged, %(refused)s left out.")
    messages.success(request, told % {effect.value: counts[effect] for effect in Effect})
    return redirect("console:directory")


def empty_table(request: HttpRequest) -> HttpResponseBase:
    """A table with the columns of a kind and no rows, to be filled in."""
    asked = request.GET.get("kind", "")
    kind = ImportKind(asked) if asked in set(ImportKind) else ImportKind.PEOPLE
    chinese = (get_language() or "").startswith("zh")
    heads = [column.titles[0] if chinese else column.name for column in COLUMNS[kind]]
    return response(iter([heads]), format=asked_format(request), name=f"linli-{kind.value}", at=now())


def _page(request: HttpRequest, form: TableForm, *, plan: Plan[Any] | None = None, data: bytes = b"", status: int = 200) -> HttpResponseBase:
    carried = packed(data) if plan is not None else ""
    counts = plan.counts() if plan is not None else {}
    return show(
        request,
        "console/take_in.html",
        "directory",
        status=status,
        form=form,
        columns=[(kind, KINDS[kind], [(column.titles[0], column.name, column.required) for column in COLUMNS[kind]]) for kind in ImportKind],
        plan=plan,
        shown=[_shown(plan, effect) for effect in EFFECTS if counts.get(effect)] if plan is not None else [],
        refused=counts.get(Effect.REFUSED, 0),
        changes=counts.get(Effect.ADDED, 0) + counts.get(Effect.CHANGED, 0),
        carried=carried if len(carried) <= MOST_CARRIED else "",
    )


def _shown(plan: Plan[Any], effect: Effect) -> Shown:
    lines = plan.of(effect)
    rows = [] if effect is Effect.UNCHANGED else [(line.row, line.key, _about(line)) for line in lines[:SHOWN]]
    return Shown(effect.value, EFFECTS[effect], len(lines), rows)


def _about(line: Line[Any]) -> str:
    """Why a row is refused, else the name that it gives."""
    if line.reason is not None:
        return line.reason.sentence(gettext)
    names = getattr(line.value, "names", None)
    return names.get("zh", "") or names.get("en", "") if names else getattr(line.value, "name", "")
