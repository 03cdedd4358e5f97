"""Forms of duties: a note, and the fields that a rule's JSON Schema asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django import forms
from django.http import Http404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from linli.engines.duties.rules.policy import DutyRule, Evidence
from linli.engines.duties.services.checkin import NOTE_MOST
from linli.interfaces.console.evidence import ExaminedPhotos, SignatureField
from linli.interfaces.tags import bilingual

PREFIX = "form_"
DAY: dict[str, Any] = {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), "input_formats": ["%Y-%m-%d"]}


def day_sent(text: str) -> date:
    """A day that a page sent back as it was shown; else there is no such page."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=NOTE_MOST, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class WhyForm(forms.Form):
    note = forms.CharField(label=_("Why"), max_length=NOTE_MOST, widget=forms.Textarea(attrs={"rows": 2}))


class PauseForm(forms.Form):
    """Days on which nothing is asked for, with a reason of the playbook."""

    reason = forms.ChoiceField(label=_("Why it pauses"))
    first = forms.DateField(label=_("From"), **DAY)
    last = forms.DateField(label=_("Until and including"), required=False, help_text=_("Left empty: until further notice."), **DAY)

    def __init__(self, *arguments: Any, reasons: Mapping[str, Mapping[str, str]], language: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["reason"].choices = [(code, bilingual(dict(names), language)) for code, names in reasons.items()]  # type: ignore[attr-defined]


class SchemaForm(forms.Form):
    """A field for each property of a JSON Schema: an object of plain properties, with titles in the reader's language."""

    def __init__(self, *arguments: Any, schema: Mapping[str, Any] | None, language: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._schema = schema or {}
        required = set(self._schema.get("required", ()))
        for name, part in self._schema.get("properties", {}).items():
            self.fields[PREFIX + name] = _field(name, part, required=name in required, language=language)

    def ask_evidence(self, wanted: Collection[Evidence]) -> None:
        """Ask for the photos and the signature that are wanted."""
        if Evidence.PHOTO in wanted:
            self.fields["photos"] = ExaminedPhotos(label=_("Photo"))
            self.fields["photos"].widget.attrs["data-preview"] = "finish-previews"
        if Evidence.SIGNATURE in wanted:
            self.fields["signature"] = SignatureField(label=_("Signature"), help_text=_("Of whoever was met there. Only those who handle this see it."))

    def answers(self) -> dict[str, Any] | None:
        """What was filled in, as the schema calls it; None where there is no schema."""
        if not self._schema:
            return None
        given = {name: self.cleaned_data.get(PREFIX + name) for name in self._schema.get("properties", {})}
        return {name: _plain(value) for name, value in given.items() if value not in (None, "")}


class FinishForm(SchemaForm):
    """What finishing a duty asks for: its form, a note, and the photos and the signature that its rule wants to see."""

    note = forms.CharField(label=_("Note"), max_length=NOTE_MOST, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *arguments: Any, rule: DutyRule | None, language: str, **options: Any) -> None:
        super().__init__(*arguments, schema=rule.form if rule else None, language=language, **options)
        wanted = rule.evidence if rule else frozenset()
        self.ask_evidence(wanted)
        self.fields["note"].required = Evidence.NOTE in wanted
        self.order_fields([*(name for name in self.fields if name.startswith(PREFIX)), "photos", "signature", "note"])


def titled(part: Mapping[str, Any], name: str, language: str) -> str:
    """A title in the reader's language: ``title`` is English, ``title_zh`` Chinese."""
    return str(part.get("title" if language == "en" else "title_zh") or part.get("title") or name)


def told(answers: Mapping[str, Any], schema: Mapping[str, Any] | None, language: str) -> list[tuple[str, str]]:
    """Answers as they are read: the titles of the schema, and its options' titles; what it does not know stays as it is."""
    parts = (schema or {}).get("properties", {})
    names = [*(name for name in parts if name in answers), *(name for name in answers if name not in parts)]
    return [(titled(parts.get(name, {}), name, language), _said(answers[name], parts.get(name, {}), language)) for name in names]


def _said(value: Any, part: Mapping[str, Any], language: str) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return dict(_options(part, language)).get(str(value), str(value))


def _options(part: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    named = [(str(option["const"]), titled(option, str(option["const"]), language)) for option in part.get("oneOf", ()) if "const" in option]
    return named or [(str(value), str(value)) for value in part.get("enum", ())]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value == "yes" if value in ("yes", "no") else value


def _field(name: str, part: Mapping[str, Any], *, required: bool, language: str) -> forms.Field:
    label = titled(part, name, language)
    if part.get("type") == "boolean":
        choices = [("", "—"), ("yes", _("yes")), ("no", _("no"))]
        return forms.ChoiceField(label=label, choices=choices, required=required)
    if "enum" in part or "oneOf" in part:
        return forms.ChoiceField(label=label, choices=[("", "—"), *_options(part, language)], required=required)
    if part.get("format") == "date":
        return forms.DateField(label=label, required=required, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"])
    if part.get("type") == "integer":
        return forms.IntegerField(label=label, required=required, min_value=part.get("minimum"), max_value=part.get("maximum"))
    return forms.CharField(label=label, required=required, max_length=part.get("maxLength", NOTE_MOST))
