"""Notices as their readers may see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet

from linli.kernel.access.rules import Actor
from linli.kernel.notices.models import GroupChannel, Notice
from linli.kernel.notices.rules import TEMPLATES, Channel, NoticeState, Preference, masked
from linli.kernel.notices.services import ADDRESS_PURPOSE, MANAGE, READ_OUTBOX, own_ref, preferences_of
from linli.kernel.sealing import Unreadable, unseal

PAGE = 50
HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class InboxItem:
    id: UUID
    at: datetime
    template: str
    subject: str
    body: str
    urgent: bool
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A notice as operators see it: the address masked, a secret text hidden (shown in the demo, where it is no secret)."""

    id: UUID
    at: datetime
    recipient: str
    channel: Channel
    address: str
    template: str
    subject: str
    body: str
    state: NoticeState
    attempts: int
    next_try_at: datetime | None
    sent_at: datetime | None
    error: str
    bundle_id: UUID | None


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """One page of the outbox; ``more`` tells whether there is a next one."""

    items: Sequence[OutboxItem]
    page: int
    more: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    name: str
    names: Mapping[str, str]
    service: str
    active: bool


def inbox(actor: Actor, *, page: int = 1) -> list[InboxItem]:
    """The actor's own in-app notices, newest first, 50 a page.

    Raises:
        NotSignedIn.
    """
    start = (max(1, page) - 1) * PAGE
    rows = Notice.objects.filter(recipient=own_ref(actor), channel=Channel.IN_APP, forgotten_at=None).order_by("-at", "-id")[start : start + PAGE]
    return [InboxItem(row.id, row.at, row.template, row.subject, row.body, row.urgency > 1, row.read_at) for row in rows]


def unread_count(actor: Actor, *, most: int = 100) -> int:
    """How many own in-app notices are unread, counted up to ``most``; 0 for somebody who is not signed in."""
    if actor.person_id is None and actor.user_id is None:
        return 0
    return Notice.objects.filter(recipient=own_ref(actor), channel=Channel.IN_APP, read_at=None, forgotten_at=None)[:most].count()


def how_many_told(template: str, dedupe_key: str) -> int:
    """How many recipients have had a notice of this occasion, by whatever channel."""
    return Notice.objects.filter(dedupe_key=dedupe_key, template=template).values("recipient").distinct().count()


def outbox(actor: Actor, page: int = 1, *, state: NoticeState | None = None, channel: Channel | None = None) -> OutboxPage:
    """What was sent, will be sent, or would have been sent by outward channels, newest first, 50 a page.

    Raises:
        Forbidden: no ``notices.read_outbox``.
    """
    actor.require(READ_OUTBOX)
    rows = _outward(state, channel)
    page = max(1, page)
    found = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    return OutboxPage([_item(row) for row in found[:PAGE]], page, len(found) > PAGE)


def whole_outbox(actor: Actor, *, state: NoticeState | None = None, channel: Channel | None = None) -> Iterator[OutboxItem]:
    """The whole of it, in one reading. Refuses as :func:`outbox`."""
    actor.require(READ_OUTBOX)
    return map(_item, _outward(state, channel).iterator())


def _outward(state: NoticeState | None, channel: Channel | None) -> QuerySet[Notice]:
    rows = Notice.objects.exclude(channel=Channel.IN_APP).order_by("-at", "-id")
    if state is not None:
        rows = rows.filter(state=state)
    return rows.filter(channel=channel) if channel is not None else rows


def outbox_counts(actor: Actor) -> dict[NoticeState, int]:
    """How many outward notices are in each state.

    Raises:
        Forbidden: no ``notices.read_outbox``.
    """
    actor.require(READ_OUTBOX)
    rows = Notice.objects.exclude(channel=Channel.IN_APP).values_list("state").annotate(Count("id"))
    return {NoticeState(state): count for state, count in rows}


def _item(row: Notice) -> OutboxItem:
    channel = Channel(row.channel)
    address = ""
    if row.address is not None:
        try:
            address = masked(channel, unseal(row.address, purpose=ADDRESS_PURPOSE))
        except Unreadable:
            address = HIDDEN
    declared = TEMPLATES.get(row.template)
    hide = bool(declared and declared.secret and not settings.DEMO and row.body)
    return OutboxItem(
        id=row.id,
        at=row.at,
        recipient=row.recipient,
        channel=channel,
        address=address,
        template=row.template,
        subject=HIDDEN if hide else row.subject,
        body=HIDDEN if hide else row.body,
        state=NoticeState(row.state),
        attempts=row.attempts,
        next_try_at=row.next_try_at,
        sent_at=row.sent_at,
        error=row.error,
        bundle_id=row.bundle_id,
    )


def preferences(actor: Actor) -> dict[Channel, Preference]:
    """What the actor wants of each channel.

    Raises:
        NotSignedIn.
    """
    found = preferences_of([own_ref(actor)])
    return {channel: found.get((own_ref(actor), channel), Preference()) for channel in Channel if channel not in (Channel.GROUP, Channel.PUSH)}


def group_channels(actor: Actor) -> list[GroupView]:
    """The group channels, without their addresses.

    Raises:
        Forbidden: no ``notices.manage``.
    """
    actor.require(MANAGE)
    return [GroupView(row.name, row.names, row.service, row.active) for row in GroupChannel.objects.order_by("name")]
