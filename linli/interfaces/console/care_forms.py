"""Forms of the care desk: few fields, and none for what boundary 3 refuses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from linli.directory.organisation.rules import PostNode
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.selectors import ground
from linli.domains.care.rules.content import Content, Goal
from linli.domains.care.rules.policy import CarePolicy
from linli.domains.care.rules.terms import Basis, Ending, Given, Terms
from linli.domains.care.services.cases import NewCase
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor, contains

DAY: dict[str, Any] = {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), "input_formats": ["%Y-%m-%d"]}
BASES = [(Basis.CONSENT.value, _("The person's consent")), (Basis.DUTY.value, _("A statutory duty"))]
GIVEN = [("", "—"), (Given.PAPER.value, _("signed on paper")), (Given.WITNESS.value, _("spoken before a witness")), (Given.ONLINE.value, _("online"))]
ENDINGS = {
    Ending.GOALS_REACHED.value: _("The goals are reached"),
    Ending.NO_LONGER_NEEDED.value: _("No longer needed or wished for"),
    Ending.MOVED_AWAY.value: _("Moved away"),
    Ending.HANDED_OVER.value: _("Others help from now on"),
    Ending.DUTY_ENDED.value: _("The statutory duty has ended"),
    Ending.CONSENT_WITHDRAWN.value: _("The person took the consent back"),
    Ending.CONSENT_EXPIRED.value: _("The consent ran out"),
    Ending.TERM_ENDED.value: _("The term is over"),
}
GROUNDS = {
    "worker": _("answers for the case"),
    "helper": _("helps"),
    "glass": _("in need, glass broken"),
    "search": _("found by number or pseudonym"),
    "review": _("reviews readings in need"),
}
READS = {"content": _("read"), "export": _("handed out"), "lookup": _("looked up"), "glass": _("reason of a reading in need")}


def _text(label: Any, *, required: bool = False, rows: int = 0, help_text: Any = "") -> forms.CharField:
    widget: Any = forms.Textarea(attrs={"rows": rows, "autocomplete": "off"}) if rows else forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, required=required, max_length=4000, widget=widget, help_text=help_text)


class PlanForm(forms.Form):
    """What the person told, and what is planned together."""

    name = _text(_("Name"), required=True)
    phone = _text(_("Telephone"), help_text=_("Kept sealed; found again only by the whole number."))
    address = _text(_("Address"))
    wishes = _text(_("What the person wishes for"), rows=2)
    plan = _text(_("Plan"), rows=4)
    goals = _text(_("Goals, one a line"), rows=4, help_text=_("Begin a line with + when the goal is reached."))

    def content(self) -> Content:
        given = self.cleaned_data
        lines = [line.strip() for line in given["goals"].splitlines() if line.strip()]
        goals = tuple(Goal(line.removeprefix("+").strip(), line.startswith("+")) for line in lines)
        return Content(given["name"], given["phone"], given["address"], given["wishes"], given["plan"], goals)

    @staticmethod
    def of(content: Content) -> dict[str, str]:
        goals = "\n".join(("+ " if goal.reached else "") + goal.text for goal in content.goals)
        return {"name": content.name, "phone": content.phone, "address": content.address, "wishes": content.wishes, "plan": content.plan, "goals": goals}


class OpenForm(PlanForm):
    """A new case: on what it rests, where, until when."""

    ORDER = (
        "name", "phone", "address", "area", "post", "purpose", "basis", "consent_how", "consent_given_on", "consent_until", "duty", "level",
        "review_on", "ends_on", "wishes", "plan", "goals",
    )  # fmt: skip
    area = forms.ChoiceField(label=_("Area"))
    post = forms.ChoiceField(label=_("Post that answers for it"))
    purpose = forms.ChoiceField(label=_("Purpose of the help"))
    basis = forms.ChoiceField(label=_("Rests on"), choices=BASES)
    consent_how = forms.ChoiceField(label=_("How the consent was given"), choices=GIVEN, required=False)
    consent_given_on = forms.DateField(label=_("Consent given on"), required=False, **DAY)
    consent_until = forms.DateField(label=_("Consent holds until"), required=False, **DAY)
    duty = forms.ChoiceField(label=_("Statutory duty"), required=False, help_text=_("Only where the case rests on one."))
    level = forms.ChoiceField(label=_("How often somebody comes by"))
    review_on = forms.DateField(label=_("Next review"), **DAY)
    ends_on = forms.DateField(label=_("Ends on"), **DAY)

    def __init__(self, *args: Any, actor: Actor, policy: CarePolicy, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.order_fields(list(self.ORDER))
        snapshot, land = organisation(), ground()
        posts = [snapshot.post(post_id) for post_id in actor.post_ids]
        paths = {post.area_path for post in posts}
        areas = [area for area in sorted(land, key=lambda area: area.path) if any(contains(path, area.path) for path in paths)][:2000]
        self._choose("area", [(str(area.id), "　" * land.depth(area.id) + bilingual(dict(area.names), shown)) for area in areas])
        self._choose("post", [(str(post.id), bilingual(dict(post.names), shown)) for post in posts])
        for name, codes in (("purpose", policy.purposes), ("level", policy.levels)):
            self._choose(name, [(code, bilingual(dict(names), shown)) for code, names in codes.items()])
        self._choose("duty", [("", "—"), *((code, bilingual(dict(names), shown)) for code, names in policy.duties.items())])
        today = timezone.localdate()
        last = today + timedelta(days=policy.longest_days)
        self.initial = {
            "consent_given_on": today, "consent_until": last, "ends_on": last, "review_on": min(last, today + timedelta(days=policy.review_days)),
            **self.initial,
        }  # fmt: skip

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def new_case(self) -> NewCase:
        given = self.cleaned_data
        consent = given["basis"] == Basis.CONSENT
        terms = Terms(
            Basis(given["basis"]), given["purpose"], given["level"], given["review_on"], given["ends_on"],
            duty="" if consent else given["duty"], consent_given_on=given["consent_given_on"] if consent else None,
            consent_until=given["consent_until"] if consent else None, consent_how=given["consent_how"] if consent else "",
        )  # fmt: skip
        return NewCase(UUID(given["area"]), UUID(given["post"]), terms, self.content())


class LevelForm(forms.Form):
    level = forms.ChoiceField(label=_("How often somebody comes by"))

    def __init__(self, *args: Any, policy: CarePolicy, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["level"].choices = [(code, bilingual(dict(names), shown)) for code, names in policy.levels.items()]  # type: ignore[attr-defined]


class StayForm(forms.Form):
    stay = forms.ChoiceField(label=_("Stay"))
    first = forms.DateField(label=_("From"), **DAY)
    last = forms.DateField(label=_("Until and including"), required=False, help_text=_("Left empty: nobody knows yet."), **DAY)

    def __init__(self, *args: Any, policy: CarePolicy, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["stay"].choices = [(code, bilingual(dict(names), shown)) for code, names in policy.stays.items()]  # type: ignore[attr-defined]


class DayForm(forms.Form):
    day = forms.ChoiceField(label=_("Day"))
    on = forms.DateField(label=_("Date"), required=False, help_text=_("Left empty: it is taken back."), **DAY)

    def __init__(self, *args: Any, policy: CarePolicy, shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["day"].choices = [(code, bilingual(dict(names), shown)) for code, names in policy.days.items()]  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    text = _text(_("Note"), required=True, rows=3)


class HandOverForm(forms.Form):
    worker_post = forms.ChoiceField(label=_("Post that answers for it from now on"))

    def __init__(self, *args: Any, posts: Sequence[PostNode], shown: str, **more: Any) -> None:
        super().__init__(*args, **more)
        land = ground()
        choices = [(str(post.id), f"{bilingual(dict(post.names), shown)} · {bilingual(dict(land.area(post.area_id).names), shown)}") for post in posts]
        self.fields["worker_post"].choices = choices  # type: ignore[attr-defined]


class HelperForm(forms.Form):
    number = forms.CharField(label=_("Staff or volunteer number of a helper"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class BellForm(forms.Form):
    bell = forms.CharField(
        label=_("Code of the care bell in the home"), required=False, max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Left empty: none."),
    )  # fmt: skip


class ReviewForm(forms.Form):
    next_on = forms.DateField(label=_("Looked at together; next review"), **DAY)


class RenewForm(forms.Form):
    """A new end; with consent, the consent given again."""

    ends_on = forms.DateField(label=_("Ends on"), **DAY)
    review_on = forms.DateField(label=_("Next review"), **DAY)
    consent_until = forms.DateField(label=_("Consent holds until"), required=False, **DAY)
    consent_how = forms.ChoiceField(label=_("How the consent was given"), choices=GIVEN, required=False)

    def __init__(self, *args: Any, consent: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        if not consent:
            del self.fields["consent_until"], self.fields["consent_how"]


class CloseForm(forms.Form):
    ending = forms.ChoiceField(label=_("Why the help ends"))

    def __init__(self, *args: Any, duty: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        wanted = ["goals_reached", "no_longer_needed", "moved_away", "handed_over", *(["duty_ended"] if duty else [])]
        self.fields["ending"].choices = [(code, gettext(str(ENDINGS[code]))) for code in wanted]  # type: ignore[attr-defined]


class GlassForm(forms.Form):
    reason = _text(_("Why must you read this case now?"), required=True, rows=3, help_text=_("A colleague reviews it; the person can ask who read and why."))


class FindForm(forms.Form):
    asked = forms.CharField(
        label=_("Telephone number or pseudonym"), max_length=32, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("The whole number, or what the alarm of a care bell says: G-7K2M-9QXF."),
    )  # fmt: skip
