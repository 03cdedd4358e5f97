"""Subscriptions: asking to be told of a topic, confirming it, ending it. Whoever holds the link holds the subscription.

The link's token follows from the subscription's id and this installation's key, so nothing is stored that opens it.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from linli.kernel.audit.services import Entry, record
from linli.kernel.clock.services import machine_now
from linli.kernel.erasures.services import note_erasures
from linli.kernel.ids import new_id
from linli.kernel.notices.models import Notice, NoticePreference, Subscription
from linli.kernel.notices.rules import Channel, Recipient
from linli.kernel.notices.services.push import clean_push_address
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import fingerprint, seal, unseal

ADDRESS, TOKEN = "notices.subscription", "notices.subscription_token"  # purposes of seal and fingerprint
ERASED = "notices.subscription"  # what the register of erasures calls it
REF = "subscription:"
HOLDER = "system:subscriber"  # whoever holds the address
UNCONFIRMED, LASTS = timedelta(days=1), timedelta(days=365)
MOST_OF_ONE = 20


class NoSuchSubscription(Refusal):
    code: ClassVar[str] = "notices.no_such_subscription"
    message: ClassVar[str] = N_("This link opens nothing: the alerts have ended, or it was not confirmed within a day.")
    kind: ClassVar[Kind] = Kind.MISSING


class TooManySubscriptions(Refusal):
    code: ClassVar[str] = "notices.too_many_subscriptions"
    message: ClassVar[str] = N_("One address can have alerts of %(most)s areas at most. End one first.")
    kind: ClassVar[Kind] = Kind.LIMIT


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription as its holder sees it, with the token of its link; the address itself is shown to nobody."""

    id: UUID
    token: str
    topic: str
    channel: Channel
    language: str
    at: datetime
    confirmed: bool
    bundled: bool
    until: datetime

    @property
    def ref(self) -> str:
        return f"{REF}{self.id}"


def token_of(subscription_id: UUID) -> str:
    """The token in the link of a subscription."""
    return fingerprint(subscription_id.hex, purpose=TOKEN).hex()[:32]


def subscribe_to(*, at: datetime, topic: str, channel: Channel, address: str, language: str, bundled: bool = False) -> Subscribed:
    """Ask to be told of a topic. By push it holds at once (the browser has asked its owner); by e-mail when it is confirmed.

    Asked for again, it is the same one, and a browser's lasts anew.

    Raises:
        BadPushAddress, TooManySubscriptions.
    """
    address = clean_push_address(address) if channel == Channel.PUSH else address.strip().lower()
    mark = fingerprint(address, purpose=ADDRESS)
    known = Subscription.objects.select_for_update().filter(address_fingerprint=mark, channel=channel, topic=topic).first()
    if known is None:
        if Subscription.objects.filter(address_fingerprint=mark, channel=channel).count() >= MOST_OF_ONE:
            raise TooManySubscriptions(most=MOST_OF_ONE)
        known = Subscription(id=new_id(), topic=topic, channel=channel, address=seal(address, purpose=ADDRESS), address_fingerprint=mark)
        known.recorded_at = machine_now()
    elif known.confirmed_at and channel == Channel.EMAIL:
        return _seen(known)  # a stranger who types the address in again changes nothing
    known.at, known.language = at, language
    if channel == Channel.PUSH:
        known.confirmed_at = known.confirmed_at or at
    known.until = at + (LASTS if known.confirmed_at else UNCONFIRMED)
    known.save(force_insert=known._state.adding)
    _bundle(known, bundled, at)
    record([_entry(known.id, "subscribe", at)])
    return _seen(known, bundled=bundled)


def confirm_subscription(*, at: datetime, subscription_id: UUID, token: str) -> Subscribed:
    """The holder of the address says yes.

    Raises:
        NoSuchSubscription: wrong token, ended, or past its day.
    """
    found = _held(subscription_id, token, at=at)
    if found.confirmed_at is None:
        found.confirmed_at, found.until = at, at + LASTS
        found.save(update_fields=["confirmed_at", "until"])
        record([_entry(found.id, "confirm", at)])
    return _seen(found)


def end_subscription(*, at: datetime, subscription_id: UUID, token: str) -> None:
    """End it: address, subscription and every notice of it are deleted.

    Raises:
        NoSuchSubscription.
    """
    found = _held(subscription_id, token, at=at)
    _delete([found.id], at=at)
    record([_entry(found.id, "unsubscribe", at)])


def end_unreachable(*, at: datetime, refs: Collection[str]) -> int:
    """End subscriptions whose browser no longer exists, named as recipients; return how many there were."""
    return _delete([UUID(ref.removeprefix(REF)) for ref in refs if ref.startswith(REF)], at=at)


def end_expired(*, at: datetime, most: int = 500) -> int:
    """Retention: delete what was not confirmed within a day, or not asked for again within a year; return how many."""
    return _delete(list(Subscription.objects.filter(until__lte=at).order_by("until").values_list("id", flat=True)[:most]), at=at)


def end_again(ids: Sequence[UUID], at: datetime) -> int:
    """Delete subscriptions that a restored backup has brought back; return how many."""
    return _delete(ids, at=at)


def subscribed(*, at: datetime, subscription_id: UUID, token: str) -> Subscribed:
    """The subscription that a link opens. Two queries.

    Raises:
        NoSuchSubscription.
    """
    return _seen(_held(subscription_id, token, at=at))


def subscribed_by_push(*, at: datetime, address: str) -> list[Subscribed]:
    """What the browser with this push address is told of, the newest first; it alone knows the address.

    Raises:
        BadPushAddress.
    """
    mark = fingerprint(clean_push_address(address), purpose=ADDRESS)
    found = Subscription.objects.filter(address_fingerprint=mark, channel=Channel.PUSH, until__gt=at).order_by("-at")
    return [_seen(one, bundled=False) for one in found[:MOST_OF_ONE]]


def subscribers(*, at: datetime, topics: Collection[str]) -> list[tuple[Subscribed, Recipient]]:
    """The confirmed subscriptions of topics, with where to send to. One query."""
    found = Subscription.objects.filter(topic__in=topics, confirmed_at__isnull=False, until__gt=at)
    return [
        (_seen(one, bundled=False), Recipient(f"{REF}{one.id}", {Channel(one.channel): unseal(one.address, purpose=ADDRESS)}, one.language)) for one in found
    ]


def recipient_of(*, subscription_id: UUID) -> Recipient:
    """Where a subscription is sent to, also before it is confirmed: for the mail that asks.

    Raises:
        NoSuchSubscription.
    """
    found = Subscription.objects.filter(id=subscription_id).first()
    if found is None:
        raise NoSuchSubscription
    return Recipient(f"{REF}{found.id}", {Channel(found.channel): unseal(found.address, purpose=ADDRESS)}, found.language)


def _entry(subscription_id: UUID, verb: str, at: datetime) -> Entry:
    return Entry(at=at, actor=HOLDER, action=f"notices.{verb}", subject_type="subscription", subject=subscription_id)


def _held(subscription_id: UUID, token: str, *, at: datetime) -> Subscription:
    found = Subscription.objects.filter(id=subscription_id, until__gt=at).first()
    if found is None or not hmac.compare_digest(token.encode(), token_of(subscription_id).encode()):
        raise NoSuchSubscription
    return found


def _seen(one: Subscription, *, bundled: bool | None = None) -> Subscribed:
    if bundled is None:
        bundled = NoticePreference.objects.filter(recipient=f"{REF}{one.id}", channel=one.channel, template="", digest=True).exists()
    confirmed = one.confirmed_at is not None
    return Subscribed(one.id, token_of(one.id), one.topic, Channel(one.channel), one.language, one.at, confirmed, bundled, one.until)


def _bundle(one: Subscription, bundled: bool, at: datetime) -> None:
    """Bundled or at once: said as every recipient says it."""
    values = {"wanted": True, "digest": bundled, "at": at}
    NoticePreference.objects.update_or_create(recipient=f"{REF}{one.id}", channel=one.channel, template="", defaults=values)


def _delete(ids: Sequence[UUID], *, at: datetime) -> int:
    refs = [f"{REF}{one}" for one in ids]
    gone, _ = Subscription.objects.filter(id__in=ids).delete()
    NoticePreference.objects.filter(recipient__in=refs).delete()
    Notice.objects.filter(recipient__in=refs).delete()
    if gone:
        note_erasures(kind=ERASED, subjects=ids, at=at)
    return gone
