"""What residents fill in. Errors stand beside their field; what was typed stays."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.core import signing
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from linli.engines.matters.playbook import ClassPart, FormField
from linli.engines.matters.rules.intake import Contact, NoPlace, NothingSaid, ReportRequest
from linli.engines.matters.rules.words import MAX_TEXT
from linli.engines.matters.services.visitors import PHOTOS_PER_REPORT
from linli.interfaces.portal.offers import class_choices, condition_choices, offers, own
from linli.interfaces.refusals import sentence
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import Refusal

ANONYMOUS, NAMED = "anonymous", "named"
_PHOTOS = "portal.photos"
# The field of the form that a refusal of the engine speaks of.
FIELD_OF = {"lat": "address", "lon": "address", "point": "address", "area": "address", "file": "photo"}


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of files; what they are is found out by ``kernel.files``."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> Any:
        return data


class ContactForm(forms.Form):
    """Who reports: nobody, or somebody who wants to be told."""

    who = forms.ChoiceField(choices=[(ANONYMOUS, _("Without a name")), (NAMED, _("Tell me the outcome"))], initial=ANONYMOUS, widget=forms.RadioSelect)
    name = forms.CharField(label=_("Name"), required=False, max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    phone = forms.RegexField(
        r"^\+?[0-9 ()-]{5,31}$",
        label=_("Phone number"),
        required=False,
        error_messages={"invalid": _("A phone number has digits, spaces and + only.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        wants = given.get("who") == NAMED
        if wants and not (given.get("phone") or given.get("email") or self.errors.keys() & {"phone", "email"}):
            self.add_error("phone", _("Give a phone number or an e-mail address, or report without a name."))
        return given

    @property
    def contact(self) -> Contact:
        given = self.cleaned_data
        return Contact(given["name"], given["phone"], given["email"]) if given["who"] == NAMED else Contact()


class OwnContactForm(ContactForm):
    """How the holder of a code wants to be told from now on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **{"auto_id": "own_%s", **named})
        self.fields["who"].required = False

    @classmethod
    def of(cls, contact: Contact) -> OwnContactForm:
        return cls(initial={"name": contact.name, "phone": contact.phone, "email": contact.email})

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["who"] = NAMED
        return super().clean()


class ReportForm(ContactForm):
    """The three steps of a report: photo, place, what.

    Args (beside Django's): ``photos``: how many are kept already.
    """

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    kept = forms.CharField(required=False, widget=forms.HiddenInput)
    photo = PhotosField(required=False)
    lon = forms.FloatField(required=False, widget=forms.HiddenInput(attrs={"id": "lon"}))
    lat = forms.FloatField(required=False, widget=forms.HiddenInput(attrs={"id": "lat"}))
    place = forms.CharField(required=False, max_length=120)  # a chosen candidate: "lon,lat" or "area:CODE"
    address = forms.CharField(
        label=_("Address or landmark"), required=False, max_length=400, widget=forms.TextInput(attrs={"autocomplete": "off", "enterkeyhint": "search"})
    )
    text = forms.CharField(
        label=_("What is wrong?"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 4, "data-count": ""}),
    )
    class_code = forms.ChoiceField(label=_("Kind of problem"), choices=class_choices, error_messages={"required": _("Choose what it is.")})
    condition = forms.ChoiceField(label=_("How is it?"), required=False, widget=forms.RadioSelect, error_messages={"invalid_choice": _("Choose how it is.")})

    field_order = ("key", "kept", "photo", "lon", "lat", "address", "text", "class_code", "condition", "who", "name", "phone", "email")

    def __init__(self, *arguments: Any, photos: int = 0, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.photos = photos
        self.part: ClassPart | None = offers().reported.get(self["class_code"].value() or "")
        self.fields["class_code"].error_messages["invalid_choice"] = _("Choose what it is.")
        conditions = condition_choices(self.part) if self.part else []
        self.fields["condition"].choices = [(code, name) for code, name, _promise in conditions]  # type: ignore[attr-defined]
        self.fields["condition"].required = len(conditions) > 1
        self.fields["condition"].error_messages["required"] = _("Choose how it is.")
        for asked in self.part.form if self.part else ():
            self.fields[f"detail-{asked.code}"] = _detail_field(asked)

    @property
    def conditions(self) -> list[tuple[str, str, str]]:
        return condition_choices(self.part) if self.part else []

    @property
    def details(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("detail-")]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        self._read_place(given)
        pointed = given.get("lon") is not None and given.get("lat") is not None
        if not pointed and not given.get("address") and not given.get("area_code") and "address" not in self.errors:
            self.add_error("address", sentence(NoPlace()))
        if not (given.get("text") or "").strip() and not self.photos and "text" not in self.errors:
            self.add_error("text", sentence(NothingSaid()))
        return given

    def _read_place(self, given: dict[str, Any]) -> None:
        kind, _colon, code = given.get("place", "").partition(":")
        if kind == "area" and code:
            given["area_code"] = code
        elif given.get("place"):
            try:
                given["lon"], given["lat"] = (float(part) for part in given["place"].split(",", 1))
            except ValueError:
                self.add_error("address", sentence(NoPlace()))

    def told(self, refusal: Refusal) -> None:
        """Put the engine's refusal beside the field that it speaks of."""
        field = FIELD_OF.get(refusal.field, refusal.field)
        self.add_error(field if field in self.fields else None, sentence(refusal))

    def request(self, *, at: datetime, actor: Actor, file_ids: tuple[UUID, ...]) -> ReportRequest:
        """The report that a valid form asks for."""
        given = self.cleaned_data
        contact = self.contact
        return ReportRequest(
            at=at,
            class_code=given["class_code"],
            text=given["text"],
            condition=given["condition"],
            lon=given["lon"] if given["lat"] is not None else None,
            lat=given["lat"] if given["lon"] is not None else None,
            address=given["address"],
            area_code=given.get("area_code", "") if given["lon"] is None else "",
            key=given["key"],
            contact=contact,
            user_id=actor.user_id if contact else None,
            anonymous=not contact,
            language=get_language() or "zh-hans",
            details={name.removeprefix("detail-"): _plain(value) for name, value in given.items() if name.startswith("detail-") and value not in ("", None)},
            file_ids=file_ids,
        )


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | list) else str(value)


def _detail_field(asked: FormField) -> forms.Field:
    common: dict[str, Any] = {"label": own(asked.names), "required": asked.required}
    choices = [(choice.code, own(choice.names)) for choice in asked.choices]
    if asked.type == "number":
        return forms.FloatField(**common)
    if asked.type == "date":
        return forms.DateField(**common, widget=forms.DateInput(attrs={"type": "date"}))
    if asked.type == "choice":
        return forms.ChoiceField(**common, choices=choices, widget=forms.RadioSelect)
    if asked.type == "choices":
        return forms.MultipleChoiceField(**common, choices=choices, widget=forms.CheckboxSelectMultiple)
    return forms.CharField(**common, max_length=500)


class RatingForm(forms.Form):
    """The reporter's word on the outcome."""

    stars = forms.TypedChoiceField(choices=[(n, n) for n in range(1, 6)], coerce=int, error_messages={"required": _("Give one to five stars.")})
    solved = forms.ChoiceField(choices=[("yes", _("Yes, solved")), ("no", _("No, not solved"))], error_messages={"required": _("Say whether it is solved.")})
    comment = forms.CharField(label=_("In your words"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("solved") == "no" and not given.get("comment"):
            self.add_error("comment", _("Say what is not solved, so that the next one who comes knows."))
        return given


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=_("Your answer"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": _("Write an answer first.")}
    )


def kept_photos(signed: str) -> list[UUID]:
    """The photos that a form carries from one showing to the next; none where the list was tampered with."""
    try:
        return [UUID(text) for text in signing.loads(signed, salt=_PHOTOS)][:PHOTOS_PER_REPORT] if signed else []
    except signing.BadSignature:
        return []


def signed_photos(ids: list[UUID]) -> str:
    return signing.dumps([str(one) for one in ids], salt=_PHOTOS) if ids else ""
