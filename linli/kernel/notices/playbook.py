"""The playbook's ``notices`` section: channels, words, quiet hours, digests, how long texts are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from linli.kernel.notices.rules import EN, TEMPLATES, ZH, BadTemplate, Channel, QuietHours, Template, Words, clock_time, places_in
from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.refusal import N_


def _clock(text: str) -> str:
    clock_time(text)
    return text


ClockTime = Annotated[str, AfterValidator(_clock)]


class Quiet(Section):
    """Hours in which nothing but urgent notices leaves; they may run over midnight."""

    start: ClockTime = Field(alias="from", title="From", json_schema_extra={"zh": "开始"})
    end: ClockTime = Field(alias="to", title="To", json_schema_extra={"zh": "结束"})

    def hours(self) -> QuietHours:
        return QuietHours(clock_time(self.start), clock_time(self.end))


class NoticeTemplate(Section):
    """The words of one kind of notice, with ``{places}``; ``short`` is for SMS."""

    subject: Text = Field(title="Subject", json_schema_extra={"zh": "标题"})
    body: Text = Field(title="Body", json_schema_extra={"zh": "正文"})
    short: Text | None = Field(default=None, title="Short text", json_schema_extra={"zh": "短信文本"})
    channels: tuple[Channel, ...] = Field(default=(), title="Channels", json_schema_extra={"zh": "渠道"})

    def words(self, language: str) -> Words:
        return Words(self.subject.in_language(language), self.body.in_language(language), self.short.in_language(language) if self.short else "")

    def texts(self) -> Iterable[tuple[tuple[str, str], str]]:
        for part in ("subject", "body", "short"):
            text: Text | None = getattr(self, part)
            if text is not None:
                yield (part, ZH), text.zh
                yield (part, EN), text.en


class NoticesSection(Section):
    """How people are told. What is left out has the program's own words."""

    channels: tuple[Channel, ...] = Field(default=(Channel.IN_APP, Channel.EMAIL, Channel.SMS), title="Channels", json_schema_extra={"zh": "渠道"})
    quiet_hours: Quiet | None = Field(default=None, title="Quiet hours", json_schema_extra={"zh": "免打扰时段"})
    digest_times: tuple[ClockTime, ...] = Field(default=("08:30", "17:30"), max_length=24, title="Digest times", json_schema_extra={"zh": "汇总时间"})
    keep_days: int = Field(default=180, ge=1, le=3650, title="Days that texts are kept", json_schema_extra={"zh": "内容保存天数"})
    templates: Mapping[str, NoticeTemplate] = Field(default_factory=dict, title="Words", json_schema_extra={"zh": "文案"})

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """Every template is a declared kind of notice and uses only its places."""
        for key, template in self.templates.items():
            declared = TEMPLATES.get(key)
            if declared is None:
                yield Issue(("templates", key), N_("there is no such kind of notice"), expected="a declared notice", known=TEMPLATES.keys())
                continue
            for path, text in template.texts():
                yield from _check_text(("templates", key, *path), text, declared)

    @cached_property
    def minutes(self) -> tuple[int, ...]:
        return tuple(clock_time(text) for text in self.digest_times)

    def words(self, template: Template, language: str) -> Words:
        """The words for a declared notice: the playbook's, else the built-in ones."""
        own = self.templates.get(template.key)
        return own.words(language) if own else template.words[EN if language.lower().startswith(EN) else ZH]


def _check_text(path: tuple[Any, ...], text: str, declared: Template) -> Iterable[Issue]:
    places = "{" + "}, {".join(sorted(declared.places)) + "}" if declared.places else "no places"
    try:
        used = places_in(text)
    except BadTemplate as error:
        yield Issue(path, N_("%(place)s is not a place"), expected=places + "; {{ and }} stand for braces", params={"place": str(error)})
        return
    for name in sorted(used - set(declared.places)):
        yield Issue(path, N_("{%(place)s} has no value in this notice"), expected=places, params={"place": name})
