"""Telling people: rendering notices and queueing them, inside the write that gives them cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection

from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.clock.services import machine_now
from linli.kernel.ids import new_id
from linli.kernel.notices.models import Notice, NoticePreference
from linli.kernel.notices.playbook import NoticesSection
from linli.kernel.notices.rules import (
    NO_PREFERENCE,
    TEMPLATES,
    Channel,
    NoticeState,
    Preference,
    QuietHours,
    Recipient,
    Skip,
    Template,
    Timing,
    Urgency,
    chosen_channels,
    departure,
    render,
)
from linli.kernel.notices.services.channels import leaves
from linli.kernel.playbooks.rules import UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.refusal import N_, Refusal
from linli.kernel.rows import recordset, recordset_text
from linli.kernel.sealing import seal
from linli.kernel.sweeps import wake_sweep
from linli.kernel.writing import finish_with, gather

ADDRESS_PURPOSE = "notices.address"
BATCH = 5_000
SWEEP = "notices."


class UnknownNotice(Refusal):
    code = "notices.unknown_kind"
    message = N_("There is no kind of notice named %(template)s.")
    field = "template"


class MissingValues(Refusal):
    code = "notices.missing_values"
    message = N_("The notice %(template)s needs values for: %(missing)s.")
    field = "params"


@dataclass(frozen=True, slots=True)
class NoticeRequest:
    """One thing to tell one recipient. ``dedupe_key`` names the occasion (``matter:<id>:closed``): the same key, recipient
    and channel are told once, however often the request is repeated. ``channels`` overrides the playbook's choice."""

    at: datetime
    recipient: Recipient
    template: str
    dedupe_key: str
    params: Mapping[str, object] = field(default_factory=dict)
    channels: Sequence[Channel] | None = None
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a request: the channels it was queued by, and why others were left out."""

    queued: tuple[Channel, ...]
    skipped: Mapping[Channel, Skip]


def section_and_timing() -> tuple[NoticesSection, Timing]:
    """The playbook's ``notices`` section and its habits in the calendar's time zone; plain defaults before any playbook holds."""
    try:
        playbook = active_playbook()
        section = playbook.section(NoticesSection)
        zone: Any = playbook.section(CalendarSection).zone()
    except (NoPlaybook, UnknownSection):
        section, zone = NoticesSection(), UTC  # a sign-in code is needed before the first playbook
    return section, Timing(zone, section.quiet_hours.hours() if section.quiet_hours else None, section.minutes)


def preferences_of(refs: Sequence[str]) -> dict[tuple[str, Channel], Preference]:
    """What these recipients want, by channel; one query."""
    rows: dict[tuple[str, Channel], list[NoticePreference]] = defaultdict(list)
    # One array, not one parameter a recipient: a statement takes 65,535 of those at most.
    for row in NoticePreference.objects.raw("SELECT * FROM notices_noticepreference WHERE recipient = ANY(%s)", [list(set(refs))]):
        rows[row.recipient, Channel(row.channel)].append(row)
    found = {}
    for key, group in rows.items():
        general = next((row for row in group if not row.template), None)
        quiet = QuietHours(general.quiet_start, general.quiet_end or 0) if general and general.quiet_start is not None else None
        found[key] = Preference(
            wanted=general.wanted if general else True,
            digest=general.digest if general else False,
            quiet=quiet,
            refused=frozenset(row.template for row in group if row.template and not row.wanted),
            asked=frozenset(row.template for row in group if row.template and row.wanted),
        )
    return found


def notify(
    *,
    at: datetime,
    recipient: Recipient,
    template: str,
    dedupe_key: str,
    params: Mapping[str, object] | None = None,
    channels: Sequence[Channel] | None = None,
    urgency: Urgency = Urgency.NORMAL,
) -> Told:
    """Tell one recipient one thing: :func:`notify_many` for a batch of one."""
    return notify_many([NoticeRequest(at, recipient, template, dedupe_key, params or {}, channels, urgency)])[0]


_COLUMNS = (
    "id",
    "at",
    "recorded_at",
    "recipient",
    "channel",
    "template",
    "dedupe_key",
    "urgency",
    "language",
    "address",
    "subject",
    "body",
    "state",
    "digest",
    "attempts",
    "next_try_at",
    "sent_at",
    "error",
)


def notify_many(requests: Sequence[NoticeRequest]) -> list[Told]:
    """Render and queue notices in the open write: one statement per 5,000 rows, whatever the number of requests.

    In-app notices are there when the write commits. By a channel that is not set up here, and in the demo, a notice is
    *held*: the outbox page shows it and nothing leaves. Answers in the order of the requests.

    Raises:
        UnknownNotice, MissingValues: a programming error or a playbook of another version; nothing is queued.
    """
    if not requests:
        return []
    gather("notices", [])  # refuses to run outside a write before anything is done
    section, timing = section_and_timing()
    preferences = preferences_of([request.recipient.ref for request in requests])
    open_channels = {channel: leaves(channel) for channel in Channel if channel != Channel.IN_APP}
    recorded_at = machine_now()
    skipped: list[dict[Channel, Skip]] = [{} for _ in requests]
    rows: list[tuple[int, Channel, tuple[Any, ...]]] = []
    due: set[Channel] = set()
    for place, request in enumerate(requests):
        declared = _declared(request)
        words = section.words(declared, request.recipient.language)
        own = section.templates.get(declared.key)
        for channel in _channels(request, own.channels if own else (), section.channels):
            address = request.recipient.address(channel)
            preference = preferences.get((request.recipient.ref, channel), NO_PREFERENCE)
            if address is None:
                skipped[place][channel] = Skip.NO_ADDRESS
                continue
            if not declared.mandatory and not preference.wants(declared.key):
                skipped[place][channel] = Skip.UNWANTED
                continue
            subject, body = render(words, request.params, channel)
            row = [new_id(), request.at, recorded_at, request.recipient.ref, channel, declared.key, request.dedupe_key, request.urgency]
            row += [request.recipient.language, seal(address, purpose=ADDRESS_PURPOSE) if address else None, subject, body]
            if channel == Channel.IN_APP:
                row += [NoticeState.SENT, False, 0, None, request.at, ""]
            elif not open_channels[channel]:
                row += [NoticeState.HELD, False, 0, None, None, ""]
            else:
                leaves_at, digest = departure(
                    request.at, channel=channel, urgency=request.urgency, mandatory=declared.mandatory, preference=preference, timing=timing
                )
                row += [NoticeState.QUEUED, digest, 0, leaves_at, None, ""]
                if leaves_at <= request.at:
                    due.add(channel)
            rows.append((place, channel, tuple(row)))
    written = _insert([row for _, _, row in rows])
    queued: list[list[Channel]] = [[] for _ in requests]
    for place, channel, values in rows:
        if values[0] in written:
            queued[place].append(channel)
        else:
            skipped[place][channel] = Skip.DUPLICATE
    gather("notices", sorted(due))
    return [Told(tuple(channels), reasons) for channels, reasons in zip(queued, skipped, strict=True)]


def _channels(request: NoticeRequest, of_template: Sequence[Channel], of_section: Sequence[Channel]) -> tuple[Channel, ...]:
    if request.recipient.is_group:
        return (Channel.GROUP,)
    return chosen_channels(request.channels, of_template, of_section)


def _declared(request: NoticeRequest) -> Template:
    declared = TEMPLATES.get(request.template)
    if declared is None:
        raise UnknownNotice(template=request.template)
    missing = set(declared.places) - set(request.params)
    if missing:
        raise MissingValues(template=request.template, missing=", ".join(sorted(missing)))
    return declared


def _insert(rows: Sequence[tuple[Any, ...]]) -> set[Any]:
    """Insert rows; return the ids of those that were not there yet. A key that a neighbour is just writing is waited for."""
    names, source = recordset(Notice, _COLUMNS)
    # In one order of keys, so that two batches with the same keys wait for each other instead of locking each other.
    remaining = iter(sorted(rows, key=lambda row: (row[6], row[3], row[4])))
    written: set[Any] = set()
    with connection.cursor() as cursor:
        while chunk := list(islice(remaining, BATCH)):
            statement = f'INSERT INTO "{Notice._meta.db_table}" ({names}) SELECT * FROM {source} ON CONFLICT DO NOTHING RETURNING id'
            cursor.execute(statement, [recordset_text(chunk, len(_COLUMNS))])
            written.update(row[0] for row in cursor.fetchall())
    return written


def _wake(channels: list[Channel]) -> None:
    for channel in sorted(set(channels)):
        wake_sweep(SWEEP + channel)


finish_with("notices", _wake, order=60)
