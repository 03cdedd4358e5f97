"""Places on the desk: the list of ledgers, one place's loose leaf, writing a leaf, its sheet, and the boards of inspections."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linli.directory.territory.selectors import ground
from linli.engines.duties.inspections.playbook import READ, keeps_ledgers, ledger_policy
from linli.engines.duties.inspections.rules.ledger import CHANGED
from linli.engines.duties.inspections.rules.ledger import LeafForm as LedgerForm
from linli.engines.duties.inspections.selectors.boards import draws, left_of, rounds
from linli.engines.duties.inspections.selectors.hazards import open_hazards
from linli.engines.duties.inspections.selectors.ledgers import ANY, PAGE, LeafVersion, LeafView, LedgerFilter, LedgerLine, LedgerPage, ledger_page, ledgers
from linli.engines.duties.inspections.services.leaves import LeafChanged, NeverShown, NewLeaf, NothingToConfirm, confirm_leaf, write_leaf
from linli.engines.duties.rules.forms import BadForm
from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.duties_forms import PREFIX, SchemaForm, told
from linli.interfaces.console.ledger_sheet import sheet_of
from linli.interfaces.console.pages import show
from linli.interfaces.console.tables import MOST, asked_format, kept_query, taken
from linli.interfaces.duty_words import STATES
from linli.interfaces.refusals import sentence, status_of
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Refusal
from linli.kernel.writing import write

DAYS = (30, 90, 365)
AREAS_MOST = 200


class LeafForm(SchemaForm):
    """The fields of a leaf, the photos and signature it asks for, the version that its reader saw, and a key, so that one sent twice is written once."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *arguments: Any, leaf: LedgerForm, language: str, **options: Any) -> None:
        super().__init__(*arguments, schema=leaf.schema, language=language, **options)
        self.ask_evidence(leaf.evidence)


@requires("ledgers.read")
@never_cache
@require_GET
def places(request: HttpRequest) -> HttpResponseBase:
    """The places of the stakes, those never inspected first; filters by stake, area, what is missing and when last inspected."""
    actor, at = actor_of_request(request), now()
    if not keeps_ledgers():
        return show(request, "console/places/list.html", "places", set_up=False)
    given = {name: request.GET.get(name, "").replace("\0", "").strip()[:120] for name in ("stake", "area", "missing", "days", "hazards", "q")}
    policy = ledger_policy()[1]
    days = int(given["days"]) if given["days"] in map(str, DAYS) else None
    wanted = LedgerFilter(
        stake=given["stake"] if given["stake"] in policy.stakes else "", area_path=given["area"], missing=given["missing"], words=given["q"],
        before=at - timedelta(days=days) if days else None, hazards=given["hazards"] == "1",
    )  # fmt: skip
    if asked_format(request):
        lines, _ = ledgers(actor=actor, at=at, wanted=wanted, most=MOST)
        heads = (N_("Place"), N_("Stake"), N_("Class"), N_("Area"), N_("Missing"), N_("Last inspected"), N_("Open hazards"))
        return taken(request, name="places", heads=[gettext(head) for head in heads], rows=map(_cells, lines), at=at)
    number = int(request.GET["page"]) if request.GET.get("page", "").isdecimal() and len(request.GET["page"]) < 6 else 1
    lines, total = ledgers(actor=actor, at=at, wanted=wanted, first=(max(number, 1) - 1) * PAGE)
    codes = {form.code: form.names for stake in policy.stakes.values() for form in stake.forms.values()}
    return show(
        request, "console/places/list.html", "places", set_up=True, lines=[(line, policy.named(line.class_code)) for line in lines],
        total=total, given=given, stakes=policy.stakes.values(), forms=codes, any=ANY,
        days=DAYS, areas=_areas(actor), query=kept_query(request), number=number, following=number * PAGE < total,
    )  # fmt: skip


def _areas(actor: Actor) -> list[tuple[str, str]]:
    land, language = ground(), get_language() or ""
    reach = tuple(scope.area_path for scope in actor.scopes(READ))
    within = [area for area in sorted(land, key=lambda area: area.path) if area.path.startswith(reach) and area.level != land.levels[-1]]
    return [(area.path, "　" * land.depth(area.id) + bilingual(dict(area.names), language)) for area in within[:AREAS_MOST]]


def _cells(line: LedgerLine) -> list[object]:
    language = get_language() or ""
    missing = "、".join(bilingual(dict(names), language) for names in line.lacking)
    stake, area = bilingual(dict(line.stake.names), language), bilingual(dict(line.area_names), language)
    return [line.label, stake, bilingual(dict(ledger_policy()[1].named(line.class_code)), language), area, missing, line.inspected_at, line.hazards]


@requires("ledgers.read")
@never_cache
@require_GET
def place(request: HttpRequest, kind: str, place_id: UUID) -> HttpResponseBase:
    """One place's loose leaf: its forms, what was done there, its hazards with their matters, what comes."""
    page = ledger_page(actor=actor_of_request(request), at=now(), kind=kind, place=place_id)
    language = get_language() or ""
    return show(
        request, "console/places/place.html", "places", page=page,
        leaves=[_leaf(view, language) for view in page.leaves], key=str(new_id()),
        left=sum(1 for view in page.leaves if view.lacking and view.form.yearly), yearly=sum(1 for view in page.leaves if view.form.yearly),
        inspections=[{"line": line, "answers": told(line.form, line.schema, language)} for line in page.inspections],
        coming=[{"line": line, "state": STATES[line.state]} for line in page.coming], may_open=actor_of_request(request).holds("matters.read"),
        changed=str(page.outdated.form.get(CHANGED) or "") if page.outdated else "",
    )  # fmt: skip


def _leaf(view: LeafView, language: str) -> dict[str, Any]:
    def shown(version: LeafVersion) -> dict[str, Any]:
        return {"version": version, "answers": told(version.answers, version.schema, language) if version.answers is not None else None}

    return {"view": view, "current": shown(view.current) if view.current else None, "older": [shown(version) for version in view.older]}


@requires("ledgers.write")
@never_cache
@require_http_methods(["GET", "POST"])
def leaf(request: HttpRequest, kind: str, place_id: UUID, code: str) -> HttpResponseBase:
    """Write a leaf: what it says now stands in its fields."""
    actor, at, language = actor_of_request(request), now(), get_language() or ""
    page = ledger_page(actor=actor, at=at, kind=kind, place=place_id)
    view = next((view for view in page.leaves if view.form.code == code), None)
    if view is None or not page.may_write:
        raise Http404
    current = view.current
    if request.method == "GET":
        filled = {f"{PREFIX}{name}": _field_value(value) for name, value in ((current.answers if current else None) or {}).items()}
        form = LeafForm(leaf=view.form, language=language, initial={"version": current.version if current else 0, "key": str(new_id()), **filled})
        return _leaf_page(request, page, view, form)
    form = LeafForm(request.POST, request.FILES, leaf=view.form, language=language)
    if not form.is_valid():
        return _leaf_page(request, page, view, form, status=400)
    given = form.cleaned_data
    wanted = NewLeaf(
        kind, place_id, code, form.answers() or {}, given["version"], given["key"], photos=given.get("photos") or (), signature=given.get("signature")
    )
    try:
        with write():
            write_leaf(wanted, actor=actor, at=at)
    except Refusal as refusal:
        form.add_error(None, sentence(refusal))
        return _leaf_page(request, page, view, form, status=status_of(refusal))
    messages.success(request, gettext("Written down."))
    return redirect("console:place", kind, place_id)


@requires("ledgers.write")
@require_POST
def confirm(request: HttpRequest, kind: str, place_id: UUID, code: str) -> HttpResponseBase:
    """Say that a leaf is still right, as it was shown."""
    actor, at = actor_of_request(request), now()
    given = request.POST.get("version", "")
    version = int(given) if given.isdecimal() and len(given) < 6 else 0
    try:
        with write():
            confirm_leaf(actor=actor, at=at, kind=kind, place=place_id, form=code, version=version, key=request.POST.get("key", ""))
        messages.success(request, gettext("Confirmed for this year."))
    except (LeafChanged, NothingToConfirm, NeverShown, BadForm) as refusal:
        messages.error(request, sentence(refusal))
    return redirect("console:place", kind, place_id)


def _field_value(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _leaf_page(request: HttpRequest, page: LedgerPage, view: LeafView, form: LeafForm, *, status: int = 200) -> HttpResponse:
    return show(request, "console/places/leaf.html", "places", status=status, page=page, view=view, form=form)


@requires("ledgers.read")
@never_cache
@require_GET
def sheet(request: HttpRequest, kind: str, place_id: UUID) -> HttpResponseBase:
    """The loose leaf of a place as one sheet of paper, in the reader's language."""
    at = now()
    page = ledger_page(actor=actor_of_request(request), at=at, kind=kind, place=place_id)
    answer = HttpResponse(sheet_of(page, at=at, language=get_language() or ""), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="linli-{page.where.code if page.where else place_id}.pdf"'
    return answer


@requires("ledgers.read")
@never_cache
@require_GET
def boards(request: HttpRequest) -> HttpResponseBase:
    """How far the census and the monthly rounds are, what is left, open hazards, and what was drawn."""
    actor, at = actor_of_request(request), now()
    if not keeps_ledgers():
        return show(request, "console/places/boards.html", "places", set_up=False)
    found = rounds(actor=actor, at=at)
    rule = request.GET.get("rule", "")
    chosen = next((one for one in found if one.rule == rule), None)
    left = [{"line": line, "state": STATES[line.state]} for line in left_of(actor=actor, at=at, rule=rule)] if chosen else []
    drawn = [{"line": line, "places": [(one, STATES.get(one.state)) for one in line.places]} for line in draws(actor=actor)]
    return show(
        request, "console/places/boards.html", "places", set_up=True, rounds=found, chosen=chosen, left=left, hazards=open_hazards(actor=actor), draws=drawn,
        may_open=actor.holds("matters.read"),
    )  # fmt: skip
