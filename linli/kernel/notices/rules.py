"""What a notice says, by which way and when it leaves, and what a failed attempt means: pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from enum import IntEnum, StrEnum

SUBJECT_LENGTH, BODY_LENGTH, SHORT_LENGTH, PARAM_LENGTH = 200, 8_000, 500, 2_000
ZH, EN = "zh", "en"


class Channel(StrEnum):
    """Ways to reach somebody. ``group`` is a group's robot (WeCom, DingTalk, Feishu and everything that Apprise knows);
    ``push`` is a browser that asked for it (Web Push, RFC 8030)."""

    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"
    GROUP = "group"
    PUSH = "push"


OUTWARD = (Channel.EMAIL, Channel.SMS, Channel.GROUP, Channel.PUSH)


class Urgency(IntEnum):
    """Urgent notices pass quiet hours and digests."""

    LOW = 0
    NORMAL = 1
    URGENT = 2


class NoticeState(StrEnum):
    """queued: waits for its time · sending: one sender has it · held: nothing leaves by this channel here ·
    bundled: part of a digest · unknown: the attempt was cut short and is not repeated (DECIDED 8)."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HELD = "held"
    BUNDLED = "bundled"


RESENDABLE = (NoticeState.FAILED, NoticeState.UNKNOWN, NoticeState.HELD)
FINAL = (NoticeState.SENT, NoticeState.FAILED, NoticeState.UNKNOWN, NoticeState.HELD, NoticeState.BUNDLED)


class Skip(StrEnum):
    """Why a notice was not queued by a channel."""

    DUPLICATE = "duplicate"
    UNWANTED = "unwanted"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told. ``ref`` is a pseudonym (``person:<uuid>``, ``reporter:<uuid>``, ``group:<name>``, ``subscription:<uuid>``);
    addresses are e-mail addresses, phone numbers, for ``group`` the name of a group channel, and for ``push`` what the
    browser gave (JSON). In-app needs no address."""

    ref: str
    addresses: Mapping[Channel, str] = field(default_factory=dict)
    language: str = ZH

    @classmethod
    def group(cls, name: str, language: str = ZH) -> Recipient:
        return cls(f"group:{name}", {Channel.GROUP: name}, language)

    @property
    def is_group(self) -> bool:
        return self.ref.startswith("group:")

    def address(self, channel: Channel) -> str | None:
        """The address for a channel ("" for in-app), or None where there is none."""
        if channel == Channel.IN_APP:
            return None if self.is_group else ""
        return self.addresses.get(channel) or None


# -- words ------------------------------------------------------------------------------------------------------------

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class BadTemplate(ValueError):
    """A template's text with a brace that opens or closes nothing, or a place that is no plain name."""


def places_in(text: str) -> frozenset[str]:
    """The names in ``{braces}``; ``{{`` and ``}}`` stand for braces.

    Raises:
        BadTemplate: a lone brace, or a place such as ``{0}`` or ``{a.b}``.
    """
    names = set()
    for match in _PLACE.finditer(text):
        if match[0] in ("{{", "}}"):
            continue
        if match[1] is None or not _NAME.fullmatch(match[1]):
            raise BadTemplate(match[0])
        names.add(match[1])
    return frozenset(names)


def fill(text: str, params: Mapping[str, object]) -> str:
    """``text`` with each place replaced by its value, cut to 2,000 characters; values are never read as templates."""

    def value(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        return str(params[match[1]])[:PARAM_LENGTH]

    return _PLACE.sub(value, text)


def one_line(text: str, length: int = SUBJECT_LENGTH) -> str:
    """Text without line breaks or control characters, cut with an ellipsis: for subjects and headers."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


@dataclass(frozen=True, slots=True)
class Words:
    """A template's text in one language; ``short`` is for SMS and for a push, which opens the address that it ends with."""

    subject: str
    body: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A declared kind of notice: what may stand in it, and its built-in text, which the playbook may replace.

    ``mandatory``: preferences cannot refuse it and it is never bundled (codes, duties). ``secret``: its text is a key,
    so that no list shows it and it is forgotten as soon as it is sent.
    """

    key: str
    places: Mapping[str, str]
    words: Mapping[str, Words]
    mandatory: bool = False
    secret: bool = False

    def unknown_places(self, *texts: str) -> frozenset[str]:
        """Names in ``texts`` that this kind of notice has no value for."""
        return frozenset().union(*(places_in(text) for text in texts)) - set(self.places)


TEMPLATES: dict[str, Template] = {}


def declare_template(key: str, *, places: Mapping[str, str], zh: Words, en: Words, mandatory: bool = False, secret: bool = False) -> Template:
    """Declare a kind of notice: its key ``room.what``, its places (name → what it is, in English), its built-in words.

    Raises:
        ValueError: a word uses a place that is not declared, or the key is taken with another meaning.
    """
    template = Template(key, places, {ZH: zh, EN: en}, mandatory, secret)
    for words in (zh, en):
        unknown = template.unknown_places(words.subject, words.body, words.short)
        if unknown:
            raise ValueError(f"{key} uses undeclared places: {', '.join(sorted(unknown))}")
    if TEMPLATES.setdefault(key, template) != template:
        raise ValueError(f"the notice {key!r} is declared already, with another meaning")
    return template


def render(words: Words, params: Mapping[str, object], channel: Channel) -> tuple[str, str]:
    """Subject and body for a channel: a short text for SMS, which has no subject, and for a push."""
    if channel == Channel.SMS:
        return "", one_line(fill(words.short or words.body, params), SHORT_LENGTH)
    if channel == Channel.PUSH:
        return one_line(fill(words.subject, params)), one_line(fill(words.short or words.body, params), SHORT_LENGTH)
    return one_line(fill(words.subject, params)), fill(words.body, params)[:BODY_LENGTH]


# -- when -------------------------------------------------------------------------------------------------------------


def clock_time(text: str) -> int:
    """Minutes after midnight of ``HH:MM``.

    Raises:
        ValueError: no such time.
    """
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if match is None:
        raise ValueError("expected a time of day such as 22:00")
    return int(match[1]) * 60 + int(match[2])


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of the day, in minutes after local midnight; it may run over midnight. Equal ends: no quiet hours."""

    start: int
    end: int

    def holds(self, minute: int) -> bool:
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


def _local(day: datetime, minute: int, zone: tzinfo) -> datetime:
    return datetime.combine(day.date(), time(minute // 60, minute % 60), tzinfo=zone)


def after_quiet(at: datetime, quiet: QuietHours | None, zone: tzinfo) -> datetime:
    """``at`` itself, or the end of the quiet hours that it falls into (in ``at``'s own zone)."""
    if quiet is None:
        return at
    local = at.astimezone(zone)
    if not quiet.holds(local.hour * 60 + local.minute):
        return at
    end = _local(local, quiet.end, zone)
    if end <= local:
        end = _local(local + timedelta(days=1), quiet.end, zone)
    return end.astimezone(at.tzinfo)


def next_digest(at: datetime, times: Sequence[int], zone: tzinfo) -> datetime:
    """The next of the day's digest times (minutes after local midnight) after ``at``."""
    local = at.astimezone(zone)
    for day in (local, local + timedelta(days=1)):
        for minute in sorted(times):
            moment = _local(day, minute, zone)
            if moment > local:
                return moment.astimezone(at.tzinfo)
    return at


@dataclass(frozen=True, slots=True)
class Preference:
    """What one recipient wants of one channel; ``refused`` names templates that are not wanted, ``asked`` those that
    are although the channel as a whole is not."""

    wanted: bool = True
    digest: bool = False
    quiet: QuietHours | None = None
    refused: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()

    def wants(self, template: str) -> bool:
        return template in self.asked or (self.wanted and template not in self.refused)


NO_PREFERENCE = Preference()


@dataclass(frozen=True, slots=True)
class Timing:
    """The installation's habits: its zone, quiet hours, digest times (minutes after local midnight)."""

    zone: tzinfo
    quiet: QuietHours | None = None
    digest_times: tuple[int, ...] = ()


def departure(at: datetime, *, channel: Channel, urgency: Urgency, mandatory: bool, preference: Preference, timing: Timing) -> tuple[datetime, bool]:
    """When a notice leaves, and whether in a digest. Urgent ones leave at once; groups keep no quiet hours of persons."""
    if urgency == Urgency.URGENT or channel == Channel.IN_APP:
        return at, False
    digest = preference.digest and not mandatory and bool(timing.digest_times)
    if digest:
        at = next_digest(at, timing.digest_times, timing.zone)
    return after_quiet(at, preference.quiet or timing.quiet, timing.zone), digest


# -- attempts ---------------------------------------------------------------------------------------------------------

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))


class Fate(StrEnum):
    """How one attempt ended: ``not_sent`` may be tried again, ``refused`` will not change, ``unknown`` may have arrived."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def after_attempt(fate: Fate, attempts: int, at: datetime) -> tuple[NoticeState, datetime | None]:
    """The state after attempt number ``attempts`` (from 1), and when it is tried again."""
    if fate == Fate.SENT:
        return NoticeState.SENT, None
    if fate == Fate.UNKNOWN:
        return NoticeState.UNKNOWN, None
    if fate == Fate.REFUSED or attempts > len(RETRIES):
        return NoticeState.FAILED, None
    return NoticeState.QUEUED, at + RETRIES[attempts - 1]


def masked(channel: Channel, address: str) -> str:
    """An address as lists show it: enough to tell two apart, too little to use."""
    if channel == Channel.EMAIL and "@" in address:
        name, _, host = address.rpartition("@")
        return f"{name[:1]}•••@{host}"
    if channel == Channel.SMS:
        return "•••" + address[-4:] if len(address) > 6 else "•••"
    if channel == Channel.PUSH:  # the whole address is a key
        return "•••"
    return address


def bundled_text(texts: Sequence[str]) -> str:
    """Texts one after the other; a last line that all of them have (how to end them) stands once, at the end."""
    ends = {text.rpartition("\n")[2] for text in texts if "\n" in text}
    if len(texts) > 1 and len(ends) == 1 and all("\n" in text for text in texts):
        return "\n\n".join([*(text.rpartition("\n")[0].strip() for text in texts), ends.pop()])
    return "\n\n".join(texts)


def chosen_channels(asked: Collection[Channel] | None, of_template: Collection[Channel], of_section: Collection[Channel]) -> tuple[Channel, ...]:
    """The channels of a notice: the caller's, else the template's, else the playbook's; each once."""
    return tuple(dict.fromkeys(asked if asked is not None else of_template or of_section))
