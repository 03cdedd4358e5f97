"""A team's roster of a week: who is in which shift, the gaps in the cover, a proposal, changes by hand with the broken rules shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.directory.people.selectors import names_of
from linli.directory.teams.playbook import teams_section
from linli.directory.teams.selectors import team_fact
from linli.engines.duties.shifts.rules.changes import Since, kept, since_shown
from linli.engines.duties.shifts.rules.presence import MissAnswer, Presence
from linli.engines.duties.shifts.rules.roster import RosterRule
from linli.engines.duties.shifts.rules.solve import Impossible, Proposal, Undecided
from linli.engines.duties.shifts.selectors.presence import Standing
from linli.engines.duties.shifts.selectors.rosters import ShiftLine, board, proposal, shift_briefs, signed_up
from linli.engines.duties.shifts.services.presence import answer_miss, arrive, leave
from linli.engines.duties.shifts.services.publishing import StandsElsewhere, publish_roster
from linli.engines.duties.shifts.services.rosters import NewTemplate, call_off, end_template, lay_template
from linli.interfaces.access import actor_of_request, signed_in_route
from linli.interfaces.console.pages import show
from linli.interfaces.console.teams import team_named
from linli.interfaces.console.weeks import WEEK, drawn_week, midnight, week_asked
from linli.interfaces.refusals import sentence, status_of, uuid_given
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

DAY_MINUTES = 1440
ONE = UUID(int=0)  # nobody
PRESENCES: dict[Presence, tuple[Any, str, str]] = {  # word, badge, icon
    Presence.AHEAD: (_("signed up"), "brand", "user-check"),
    Presence.EXPECTED: (_("not there yet"), "soon", "hourglass"),
    Presence.MISSING: (_("did not come"), "overdue", "alarm-clock"),
    Presence.THERE: (_("there"), "ok", "map-pin"),
    Presence.GONE: (_("was there"), "", "flag"),
}
ANSWERS = {MissAnswer.CAME: _("came after all"), MissAnswer.EXCUSED: _("excused")}
WEEKDAYS = [(0, _("Monday")), (1, _("Tuesday")), (2, _("Wednesday")), (3, _("Thursday")), (4, _("Friday")), (5, _("Saturday")), (6, _("Sunday"))]
RULES = {
    RosterRule.COVER: _("fewer or more people than the shift asks for"),
    RosterRule.AVAILABLE: _("somebody without the team's courses, or with another shift too near"),
    RosterRule.REST: _("too little rest between two shifts"),
    RosterRule.SKILLS: _("nobody, or too few, with a course that the shift asks for"),
    RosterRule.PAIRS: _("somebody alone at night"),
    RosterRule.NEW: _("only new people, nobody experienced"),
    RosterRule.MOST: _("more shifts of one person than a week may have"),
}


class TemplateForm(forms.Form):
    """A weekly shift."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=80, required=False)
    weekdays = forms.TypedMultipleChoiceField(label=_("Weekdays"), choices=WEEKDAYS, coerce=int, widget=forms.CheckboxSelectMultiple)
    begins = forms.TimeField(label=_("Begins"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label=_("Lasts minutes"), min_value=15, max_value=DAY_MINUTES, initial=120)
    least = forms.IntegerField(label=_("People at least"), min_value=0, max_value=100, initial=2)
    most = forms.IntegerField(label=_("People at most"), min_value=1, max_value=100, initial=4)
    skill = forms.ChoiceField(label=_("One of them has passed"), required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        shown = get_language() or ""
        courses = [(course.code, bilingual(course.names.model_dump(), shown)) for course in teams_section().courses]
        self.fields["skill"].choices = [("", "—"), *courses]  # type: ignore[attr-defined]

    def template(self, today: date) -> NewTemplate:
        given = self.cleaned_data
        return NewTemplate(
            {"zh": given["name_zh"], "en": given["name_en"] or given["name_zh"]}, tuple(given["weekdays"]), given["begins"], given["minutes"],
            given["least"], given["most"], today, skills={given["skill"]: 1} if given["skill"] else {},
        )  # fmt: skip


@signed_in_route
@never_cache
@require_GET
def roster(request: HttpRequest, code: str) -> HttpResponseBase:
    """The week's roster, for the team's captains and those who may see rosters there."""
    return _board(request, code)


def _board(
    request: HttpRequest, code: str, *, tried: Mapping[UUID, frozenset[UUID]] | None = None, before: Mapping[UUID, frozenset[UUID]] | None = None,
    answer: object = None, form: TemplateForm | None = None, refusal: Refusal | None = None, status: int = 200,
) -> HttpResponseBase:  # fmt: skip
    """The page: the roster as it stands, or as it was ``tried``. ``before``: who was signed up when that was chosen; what came since is kept and said."""
    actor, at, team_id = actor_of_request(request), now(), team_named(code)
    monday = week_asked(request)
    since, until = midnight(monday), midnight(monday + WEEK)
    signed = signed_up(actor=actor, at=at, team_id=team_id, since=since, until=until)
    moved = since_shown(tried, shown=before or {}, signed=signed) if tried is not None else []
    roster = {**signed, **kept(tried, moved)} if tried is not None else None
    shown = board(actor=actor, at=at, team_id=team_id, since=since, until=until, roster=roster)
    names = dict(shown.members)
    rules = [RULES[rule] for rule in answer.rules] if isinstance(answer, Impossible) else []
    return show(
        request, "console/teams/roster.html", "teams", status=status,
        team=team_fact(team_id), code=code, board=shown, monday=monday, before=monday - WEEK, after=monday + WEEK,
        lines=[{"line": line, "began": line.starts_at <= at, "broken": [(RULES[one.rule], names.get(one.person or ONE, "")) for one in line.broken],
                "inside": {person for person, _name in line.people}, "signed": sorted(signed.get(line.id, ())), "people": _people(line, at)}
               for line in shown.shifts],
        days=drawn_week(shown.gaps, monday),
        covered=not shown.gaps, proposal=answer if isinstance(answer, Proposal) else None, gap=round(answer.gap * 100) if isinstance(answer, Proposal) else 0,
        impossible=answer if isinstance(answer, Impossible) else None, rules=rules, undecided=isinstance(answer, Undecided),
        tried=tried is not None, form=form or TemplateForm(), refusal=sentence(refusal) if refusal else "",
        moved=_moved(moved), clash=_clash(refusal) if isinstance(refusal, StandsElsewhere) else None,
    )  # fmt: skip


@signed_in_route
@require_POST
def change(request: HttpRequest, code: str) -> HttpResponseBase:
    """Propose, look at, publish; a new weekly shift, one that ends, a single one called off."""
    actor, at, team_id = actor_of_request(request), now(), team_named(code)
    act = request.POST.get("act", "")
    monday = week_asked(request)
    since, until = midnight(monday), midnight(monday + WEEK)
    if act == "propose":
        signed = signed_up(actor=actor, at=at, team_id=team_id, since=since, until=until)
        answer = proposal(actor=actor, at=at, team_id=team_id, since=since, until=until)
        return _board(request, code, tried=answer.roster if isinstance(answer, Proposal) else None, before=signed, answer=answer)
    if act in ("check", "publish"):
        wanted, before = _sent(request, "in"), _sent(request, "was")
        if act == "check":
            return _board(request, code, tried=wanted, before=before)
        try:
            with write():
                changed = publish_roster(actor=actor, at=at, team_id=team_id, roster=wanted, shown=before)
        except Refusal as refusal:
            return _board(request, code, tried=wanted, before=before, refusal=refusal, status=status_of(refusal))
        messages.success(request, gettext("The roster is published; %(n)s places changed.") % {"n": changed})
    elif act == "template":
        form = TemplateForm(request.POST)
        try:
            if not form.is_valid():
                return _board(request, code, form=form, status=400)
            with write():
                lay_template(actor=actor, at=at, team_id=team_id, template=form.template(timezone.localdate(at)))
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
            return _board(request, code, form=form, status=status_of(refusal))
        messages.success(request, gettext("Laid out for the coming weeks."))
    elif act == "end":
        with write():
            end_template(actor=actor, at=at, template_id=uuid_given(request.POST.get("template", "")), last_on=timezone.localdate(at))
        messages.success(request, gettext("This weekly shift ends today."))
    elif act in ("there", "went", MissAnswer.CAME, MissAnswer.EXCUSED):
        try:
            with write():
                news = _answer(request, act, actor=actor, at=at)
        except Refusal as refusal:
            return _board(request, code, refusal=refusal, status=status_of(refusal))
        if news:
            messages.success(request, gettext("Written down."))
        else:
            messages.info(request, gettext("It stays as it is: the earliest arrival counts, and the latest going."))
    elif act == "call_off":
        with write():
            call_off(actor=actor, at=at, shift_id=uuid_given(request.POST.get("shift", "")))
        messages.success(request, gettext("Called off; everybody in it is free."))
    else:
        raise Http404
    return redirect(f"{reverse('console:roster', args=[code])}?week={monday.isoformat()}")


def _people(line: ShiftLine, at: datetime) -> list[dict[str, Any]]:
    """Those in a shift with how they stand to it, and what may be said of them: as it stands, or as a roster that is looked at would have it."""
    found = []
    for person, name in line.people:
        stand = line.standings.get(person, Standing(Presence.AHEAD))
        word, badge, icon = PRESENCES[stand.presence]
        absent = stand.presence in (Presence.EXPECTED, Presence.MISSING)
        found.append(
            {
                "id": person, "name": name, "stand": stand, "word": word, "badge": badge, "icon": icon, "absent": stand.presence is Presence.MISSING,
                "says_there": absent and line.starts_at <= at < line.ends_at,
                "says_went": stand.arrived_at is not None and line.starts_at <= at, "over": line.ends_at <= at, "answer": ANSWERS.get(stand.answer, ""),
            }
        )  # fmt: skip
    return found


def _answer(request: HttpRequest, act: str, *, actor: Actor, at: datetime) -> bool:
    """Say of somebody in a shift that they are there or have gone, or, of who was missing, how it was. Return whether this was news."""
    given = request.POST
    if act == "there":
        return arrive(actor=actor, at=at, shift_id=uuid_given(given.get("shift", "")), person_id=uuid_given(given.get("person", "")))
    if act == "went":
        shift, person = uuid_given(given.get("shift", "")), uuid_given(given.get("person", ""))
        return leave(actor=actor, at=at, shift_id=shift, happened_at=_hour(request, "went_at"), person_id=person)
    came_at = _hour(request, "came_at") if act == MissAnswer.CAME else None
    answer_miss(actor=actor, at=at, miss_id=uuid_given(given.get("miss", "")), wanted=MissAnswer(act), words=given.get("note", ""), came_at=came_at)
    return True


def _hour(request: HttpRequest, name: str) -> datetime | None:
    """A day and hour of the form; none where it was left empty."""
    given = request.POST.get(name)
    try:
        return timezone.make_aware(datetime.fromisoformat(given)) if given else None
    except ValueError:
        raise Http404 from None


def _sent(request: HttpRequest, name: str) -> dict[UUID, frozenset[UUID]]:
    """People by shift, of the shifts that were on the page: chosen (``in``), or signed up when it was shown (``was``)."""
    shifts = request.POST.getlist("shift")[:200]
    return {uuid_given(shift): frozenset(uuid_given(person) for person in request.POST.getlist(f"{name}-{shift}")) for shift in shifts}


def _moved(moved: list[Since]) -> list[dict[str, Any]]:
    """Who signed up and who left since, by name, shift by shift."""
    if not moved:
        return []
    names = names_of({person for one in moved for person in one.came | one.went})
    briefs = shift_briefs([one.shift for one in moved])
    found = [
        {"shift": briefs[one.shift], **{how: sorted(names.get(person, "") for person in people) for how, people in (("came", one.came), ("went", one.went))}}
        for one in moved
        if one.shift in briefs
    ]
    return sorted(found, key=lambda row: row["shift"].starts_at)


def _clash(refusal: StandsElsewhere) -> dict[str, Any]:
    """Who would stand in two places at once, and where."""
    person, shift, other = (refusal.params[name] for name in ("person", "shift", "other"))
    briefs = shift_briefs([shift, other])
    return {"name": names_of([person]).get(person, ""), "shift": briefs[shift], "other": briefs[other]}
