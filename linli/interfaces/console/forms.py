"""One-step forms of the verbs, each with the version that its reader saw; what they hold becomes one command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import AnswerPart, MattersSection
from linli.engines.matters.rules.decide import Command, Place
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.desk import MatterDesk, PostChoice, Why
from linli.engines.matters.selectors.page import MatterPage
from linli.interfaces.tags import bilingual
from linli.kernel.access.rules import Actor
from linli.kernel.playbooks.selectors import active_playbook

TONGUES = (("zh", "中文"), ("en", "English"), ("both", "中文 + English"))
LONG = {"rows": 3, "maxlength": 4000}


class StepForm(forms.Form):
    """What every step carries: the version seen, and a key, so that a step sent twice is done once."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, desk: MatterDesk, actor: Actor, language: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.desk, self.actor, self.language = desk, actor, language
        if "photos" in self.fields:
            self.fields["photos"].widget.attrs["data-preview"] = f"{str(self.auto_id).removesuffix('%s')}previews"
        self.fit()

    def fit(self) -> None:
        """Fill in what can be chosen on this matter."""

    @property
    def page(self) -> MatterPage:
        return self.desk.page

    def shown(self, names: Mapping[str, str]) -> str:
        return bilingual(dict(names), self.language)

    def command(self, verb: Verb, at: datetime) -> Command:
        """The command that the filled form asks for."""
        given = self.cleaned_data
        return Command(
            matter_id=self.page.matter.id, verb=verb, at=at, version=given["version"], key=given["key"], reason=given.get("reason", ""),
            text=given.get("text", ""), **self.more(),
        )  # fmt: skip

    def more(self) -> dict[str, Any]:
        return {}


def _reason(label: Any = "", *, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label or _("Reason"), required=required, help_text=help_text, max_length=1000, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 1000})
    )


def _text(label: Any, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=label, required=required, help_text=help_text, max_length=4000, widget=forms.Textarea(attrs=dict(LONG)))


class Plain(StepForm):
    """A step that asks nothing."""


class Reasoned(StepForm):
    reason = _reason()


class ReasonedForReporter(StepForm):
    reason = _reason(_("Reason (stays inside)"))
    text = _text(_("What the reporter will read"), required=False, help_text=_("Left empty, the reporter reads the reason."))


class AnswersSelect(forms.Select):
    """Ready answers, each with its whole text beside it, for the script that puts it into the field."""

    texts: Mapping[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **more: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **more)
        if str(value) in self.texts:
            option["attrs"]["data-text"] = self.texts[str(value)]
        return option


class Answered(StepForm):
    """A step that tells the reporter something; a ready answer can be taken and changed."""

    field_order: tuple[str, ...] = ("answer", "text")
    answer = forms.ChoiceField(label=_("Ready answer"), required=False, widget=AnswersSelect(attrs={"data-answers": "text"}))

    def fit(self) -> None:
        answers = active_playbook().section(MattersSection).answers
        self.answers = {f"{answer.code}:{tongue}": _said(answer, tongue) for answer in answers for tongue, _name in TONGUES}
        choices: list[Any] = [("", gettext("write it yourself"))]
        for tongue, name in TONGUES:
            choices.append((name, [(f"{answer.code}:{tongue}", _short(answer, tongue)) for answer in answers]))
        self.fields["answer"].choices = choices  # type: ignore[attr-defined]
        self.fields["answer"].widget.texts = self.answers
        if not answers:
            del self.fields["answer"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("text", "").strip() and given.get("answer"):
            given["text"] = self.answers[given["answer"]]
        if not given.get("text", "").strip():
            self.add_error("text", gettext("Say it in a few words, or choose a ready answer."))
        return given


def _said(answer: AnswerPart, tongue: str) -> str:
    """The whole text of a ready answer in a language, or in both, the Chinese first."""
    return "\n".join(getattr(answer.text, language) for language in (("zh", "en") if tongue == "both" else (tongue,)))


def _short(answer: AnswerPart, tongue: str) -> str:
    names = " / ".join(getattr(answer.names, language) for language in (("zh", "en") if tongue == "both" else (tongue,)))
    text = _said(answer, tongue)
    return names if tongue == "both" else f"{names}: {text[:40]}{'…' if len(text) > 40 else ''}"


class PhotoInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of photos; the widget gives a list."""

    widget = PhotoInput(attrs={"multiple": True, "accept": "image/*"})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, (list, tuple)) else [data] if data else []
        return [super(PhotosField, self).clean(one, initial) for one in given]


class Outcome(Answered):
    field_order: tuple[str, ...] = ("answer", "text", "photos")
    text = _text(_("What was done"), required=False, help_text=_("The reporter will read it."))
    photos = PhotosField(label=_("Photo of the result"), required=False)


class AskReporter(Answered):
    text = _text(_("Question to the reporter"), required=False)


class Note(StepForm):
    text = _text(_("Note"), help_text=_("Stays inside the house."))
    photos = PhotosField(label=_("Photo"), required=False)


def named_choice(choice: PostChoice, who: str, language: str) -> str:
    """The post as people call it, and who is there: a department by its own name, a desk by its post."""
    names = choice.unit.names if choice.unit.kind == "department" else choice.post.names
    return bilingual(dict(names), language) + (f" · {who}" if who else "")


def why_words(choice: PostChoice) -> str:
    """Why a post is suggested, and how much it has in hand."""
    why = {Why.CLASS: gettext("handles this class"), Why.TEAM: gettext("of your team"), Why.AREA: gettext("serves this place"), None: ""}[choice.why]
    if choice.holding.is_acting:
        why = gettext("%(why)s, acting") % {"why": why}
    return gettext("%(why)s, %(n)s in hand") % {"why": why, "n": choice.in_hand}


class ToPost(StepForm):
    """Choose a post: suggested ones first, each with its reason."""

    field_order: tuple[str, ...] = ("post", "other", "reason")
    post = forms.ChoiceField(label=_("Suggested"), required=False, widget=forms.RadioSelect)
    other = forms.ChoiceField(label=_("Another post"), required=False)
    reason = _reason(_("Words for the post"), required=False)

    def fit(self) -> None:
        suggested = [choice for choice in self.desk.handlers if choice.why is not None]
        others = [choice for choice in self.desk.handlers if choice.why is None]
        self.fields["post"].choices = [(str(choice.post.id), self.says(choice)) for choice in suggested]  # type: ignore[attr-defined]
        self.fields["other"].choices = [("", "—"), *((str(c.post.id), self.named(c)) for c in others)]  # type: ignore[attr-defined]
        if not others:
            del self.fields["other"]
        if suggested and not self.is_bound:
            self.initial.setdefault("post", str(suggested[0].post.id))

    def named(self, choice: PostChoice) -> str:
        return named_choice(choice, self.desk.name(choice.holding), self.language)

    def says(self, choice: PostChoice) -> SafeString:
        return format_html("{}<small>{}</small>", self.named(choice), why_words(choice))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["chosen"] = given.get("other") or given.get("post")
        if not given["chosen"]:
            self.add_error("post" if "post" in self.fields else None, gettext("Choose the post that shall take it."))
        return given

    def more(self) -> dict[str, Any]:
        return {"post_id": UUID(self.cleaned_data["chosen"])}


class Transfer(ToPost):
    field_order: tuple[str, ...] = ("other", "reason")
    reason = _reason()

    def fit(self) -> None:
        del self.fields["post"]
        self.fields["other"].label = gettext("To which post of this level")
        self.fields["other"].required = True
        self.fields["other"].choices = [("", "—"), *((str(c.post.id), self.named(c)) for c in self.desk.owners)]  # type: ignore[attr-defined]


class Dated(StepForm):
    """A step with a day; it means the end of that day."""

    field_order: tuple[str, ...] = ("until", "reason")
    until = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"])
    reason = _reason()

    def more(self) -> dict[str, Any]:
        return {"until": timezone.make_aware(datetime.combine(self.cleaned_data["until"], time(18, 0)))}


class Suspend(Dated):
    until = forms.DateField(
        label=_("Look at it again on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"],
        help_text=_("It comes back by itself on this day, at 18:00."),
    )  # fmt: skip


class CallBack(StepForm):
    field_order: tuple[str, ...] = ("reached", "text")
    reached = forms.ChoiceField(label=_("The reporter was"), choices=[("yes", _("reached")), ("no", _("not reached"))], widget=forms.RadioSelect)
    text = _text(_("What was said"), required=False)

    def more(self) -> dict[str, Any]:
        return {"reached": self.cleaned_data["reached"] == "yes"}


class Whistle(StepForm):
    field_order: tuple[str, ...] = ("units", "reason")
    units = forms.MultipleChoiceField(label=_("Departments to call"), widget=forms.CheckboxSelectMultiple)
    reason = _reason(_("What for"))

    def fit(self) -> None:
        self.fields["units"].choices = [(str(unit.id), self.shown(unit.names)) for unit in self.desk.units]  # type: ignore[attr-defined]

    def chosen(self) -> list[UUID]:
        return [UUID(unit) for unit in self.cleaned_data["units"]]


class ReportIn(StepForm):
    field_order: tuple[str, ...] = ("unit", "text")
    unit = forms.ChoiceField(label=_("Department"))
    text = _text(_("What it does"))

    def fit(self) -> None:
        waiting = [whistle for whistle in self.page.whistles if whistle.waiting]
        self.fields["unit"].choices = [(str(whistle.unit_id), self.shown(whistle.unit_names)) for whistle in waiting]  # type: ignore[attr-defined]


class Merge(StepForm):
    field_order: tuple[str, ...] = ("into", "reason")
    into = forms.CharField(label=_("Number of the matter that goes on"), max_length=20, help_text=_("Its reporters and these are told the same outcome."))
    reason = _reason()


class Correct(StepForm):
    """Class, condition and place; what is left as it is does not change."""

    field_order: tuple[str, ...] = ("class_code", "condition", "area", "address", "lon", "lat", "reason")
    class_code = forms.ChoiceField(label=_("Class"))
    condition = forms.CharField(label=_("Condition"), required=False, max_length=40)
    area = forms.ChoiceField(label=_("Area"), required=False, help_text=_("Used where no point is given."))
    address = forms.CharField(label=_("Address"), required=False, max_length=400)
    lon = forms.FloatField(label=_("Longitude"), required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    lat = forms.FloatField(label=_("Latitude"), required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    reason = _reason()

    def fit(self) -> None:
        matter = self.page.matter
        self.fields["class_code"].choices = self.classes()  # type: ignore[attr-defined]
        self.conditions = sorted(row.code for row in self.page.form.conditions) if self.page.form else []
        self.fields["condition"].widget.attrs["list"] = "conditions"
        self.fields["area"].choices = [("", "—"), *self.areas()]  # type: ignore[attr-defined]
        for name in ("class_code", "condition", "address", "lon", "lat"):
            self.initial.setdefault(name, getattr(matter, name))

    def classes(self) -> list[Any]:
        """The classes of the playbook that the matter began with, by kind."""
        section = active_playbook().section(MattersSection)
        kinds: dict[str, list[Any]] = {}
        for code, known in self.page.policy.classes.items():
            kinds.setdefault(known.kind, []).append((code, f"{self.shown(known.names)} {code}"))
        names = {kind.code: self.shown(kind.names.model_dump()) for kind in section.kinds}
        return [(names.get(kind, kind), choices) for kind, choices in kinds.items()]

    def areas(self) -> list[Any]:
        """The areas of the same upper area, indented by depth."""
        land = ground()
        chain = land.chain(self.page.matter.area_id)
        upper = chain[min(1, len(chain) - 1)].path
        return [(area.code, "　" * land.depth(area.id) + self.shown(area.names)) for area in land if area.path.startswith(upper)]

    def more(self) -> dict[str, Any]:
        given, matter = self.cleaned_data, self.page.matter
        changed = (given["class_code"], given["condition"]) != (matter.class_code, matter.condition)
        found: dict[str, Any] = {"class_code": given["class_code"], "condition": given["condition"]} if changed else {}
        return found | ({"place": place} if (place := self.place()) is not None else {})

    def place(self) -> Place | None:
        """The place given, or None where nothing of it differs."""
        given, matter = self.cleaned_data, self.page.matter
        lon, lat = given["lon"], given["lat"]
        if (lon, lat, given["address"]) == (matter.lon, matter.lat, matter.address) and not given["area"]:
            return None
        land = ground()
        if lon is not None and lat is not None:
            found = land.locate(lon, lat)
        elif given["area"]:
            found = land.unplaced(land.by_code(given["area"]).id)
        else:
            found = land.unplaced(matter.area_id)
        return Place(found.area.id, found.area.path, found.how.value, lon, lat, given["address"])


class Redact(StepForm):
    field_order: tuple[str, ...] = ("public_text", "wipe", "reason")
    public_text = _text(_("What everyone may read"), required=False, help_text=_("Leave it empty to show no words at all."))
    wipe = forms.BooleanField(label=_("Also delete the reporters' own words for good"), required=False)
    reason = _reason()

    def fit(self) -> None:
        self.initial.setdefault("public_text", self.page.matter.public_text)


FORMS: dict[Verb, type[StepForm]] = {
    Verb.FILE: Plain, Verb.REFUSE: ReasonedForReporter, Verb.MERGE: Merge, Verb.DISPATCH: ToPost, Verb.TRANSFER: Transfer, Verb.RETURN: Reasoned,
    Verb.REPORT_BACK: Outcome, Verb.SOLVE: Outcome, Verb.VERIFY: Plain, Verb.CALL_BACK: CallBack, Verb.CLOSE: Plain, Verb.REOPEN: Reasoned,
    Verb.ESCALATE: Reasoned, Verb.SUSPEND: Suspend, Verb.RESUME: Reasoned, Verb.ASK_EXTENSION: Dated, Verb.GRANT_EXTENSION: Plain,
    Verb.DECLINE_EXTENSION: Reasoned, Verb.WHISTLE: Whistle, Verb.REPORT_IN: ReportIn, Verb.CORRECT: Correct, Verb.REDACT: Redact, Verb.NOTE: Note,
    Verb.ASK_REPORTER: AskReporter,
}  # fmt: skip
