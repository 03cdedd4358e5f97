"""Forms of duties: a note, and the fields that a rule's JSON Schema asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from linli.engines.duties.services.checkin import NOTE_MOST

PREFIX = "form_"


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=NOTE_MOST, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class WhyForm(forms.Form):
    note = forms.CharField(label=_("Why"), max_length=NOTE_MOST, widget=forms.Textarea(attrs={"rows": 2}))


class FinishForm(NoteForm):
    """The note, and a field for each property of the schema; ``schema`` is an object of plain properties."""

    def __init__(self, *arguments: Any, schema: Mapping[str, Any] | None, language: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._schema = schema or {}
        required = set(self._schema.get("required", ()))
        for name, part in self._schema.get("properties", {}).items():
            self.fields[PREFIX + name] = _field(name, part, required=name in required, language=language)

    def answers(self) -> dict[str, Any] | None:
        """What was filled in, as the schema calls it; None where the rule asks for no form."""
        if not self._schema:
            return None
        given = {name: self.cleaned_data.get(PREFIX + name) for name in self._schema.get("properties", {})}
        return {name: _plain(value) for name, value in given.items() if value not in (None, "")}


def _plain(value: Any) -> Any:
    return value == "yes" if value in ("yes", "no") else value


def _field(name: str, part: Mapping[str, Any], *, required: bool, language: str) -> forms.Field:
    label = part.get("title" if language == "en" else "title_zh") or part.get("title") or name
    if part.get("type") == "boolean":
        choices = [("", "—"), ("yes", _("yes")), ("no", _("no"))]
        return forms.ChoiceField(label=label, choices=choices, required=required)
    if "enum" in part:
        return forms.ChoiceField(label=label, choices=[("", "—"), *((value, value) for value in part["enum"])], required=required)
    if part.get("type") == "integer":
        return forms.IntegerField(label=label, required=required, min_value=part.get("minimum"), max_value=part.get("maximum"))
    return forms.CharField(label=label, required=required, max_length=part.get("maxLength", NOTE_MOST))
