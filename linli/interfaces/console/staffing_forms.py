"""Forms of posts, appointments and areas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.people.selectors import people_called
from linli.interfaces.tags import bilingual
from linli.kernel.playbooks.selectors import active_playbook

UNIT_KINDS = {"team": _("team"), "station": _("station"), "centre": _("centre"), "department": _("department")}


def _day(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget, input_formats=["%Y-%m-%d"])


def beginning(day: date, at: datetime) -> datetime:
    """The beginning of a day, or now when that is today."""
    start = timezone.make_aware(datetime.combine(day, time()))
    return at if start < at < start + timedelta(days=1) else start


def end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


class AppointForm(forms.Form):
    """Who is appointed from when to when; ``replaces``: whoever holds the post then, their appointment ends there."""

    person = forms.CharField(label=_("Who (number or name)"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    starts = _day(_("From day"))
    ends = _day(_("To and including"), required=False, help_text=_("Left empty: until further notice."))
    replaces = forms.BooleanField(label=_("The present appointment ends when this one begins"), required=False, initial=True)

    def clean_person(self) -> UUID:
        found = people_called(self.cleaned_data["person"])
        if not found:
            raise forms.ValidationError(gettext("Nobody of this number or name is known."))
        if len(found) > 1:
            shown = "、".join(f"{name} {code}" for _key, code, name in found[:8])
            raise forms.ValidationError(gettext("Several people are called so; give the number: %(people)s") % {"people": shown})
        self.name = found[0][2]
        return found[0][0]


class EndForm(forms.Form):
    appointment = forms.UUIDField(widget=forms.HiddenInput)
    last = _day(_("Last day"), help_text=_("Today: it ends at once."))


class NamesForm(forms.Form):
    zh = forms.CharField(label=_("Chinese name"), max_length=80)
    en = forms.CharField(label=_("English name"), max_length=120, required=False)

    def names(self) -> dict[str, str]:
        given = {language: self.cleaned_data[language].strip() for language in ("zh", "en")}
        return {language: text for language, text in given.items() if text}


class ChangeForm(NamesForm):
    rank = forms.IntegerField(label=_("Rank"), min_value=1, max_value=999, help_text=_("1 leads; the others follow in the order of succession."))


class RetireForm(forms.Form):
    """Asks nothing: what it would do is shown."""


class NewPostForm(ChangeForm):
    field_order = ("zh", "en", "code", "role", "unit", "rank")
    code = forms.CharField(label=_("Short code"), max_length=60)
    role = forms.ChoiceField(label=_("Role"))
    unit = forms.ChoiceField(label=_("Unit"))

    def __init__(self, *args: Any, units: Sequence[Any], language: str, **more: Any) -> None:
        super().__init__(*args, **more)
        section = active_playbook().section(DirectorySection)
        self.roles = {role.code: role for role in section.roles}
        self.fields["role"].choices = [(role.code, bilingual(role.title, language)) for role in section.roles]  # type: ignore[attr-defined]
        self.fields["unit"].choices = [(str(unit.id), bilingual(dict(unit.names), language)) for unit in units]  # type: ignore[attr-defined]


class NewUnitForm(NamesForm):
    field_order = ("zh", "en", "code", "kind")
    code = forms.SlugField(label=_("Short code"), max_length=60)
    kind = forms.ChoiceField(label=_("What it is"), choices=list(UNIT_KINDS.items()))


class AreaForm(NamesForm):
    households = forms.IntegerField(label=_("Households"), required=False, min_value=0, max_value=10_000_000)
