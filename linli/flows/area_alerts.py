"""Whoever asked to be told what happens around a place is told: what is reported in public there, and what was solved.

A subscription's topic names an area; a matter in it or in any area below is told. Only what everyone may see leaves: class,
area and promise. No words of a reporter, no address, no point (DECIDED 9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground_or_none
from linli.engines.matters.events import MatterEnded, MatterReported
from linli.engines.matters.selectors.public import PublicMatter, public_matters_of
from linli.kernel.access.rules import Confidentiality
from linli.kernel.access.services.limits import TooMany, take
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.events import NoticeNotDelivered
from linli.kernel.notices.rules import Channel, NoticeState, Recipient, Words, declare_template
from linli.kernel.notices.services import NoticeRequest, Subscribed, end_unreachable, leaves, notify, notify_many, recipient_of, subscribe_to, subscribers
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import fingerprint

TOPIC = "area:"
OLD_NEWS = timedelta(days=1)
ASKED = "alerts.asked"  # purpose of the fingerprint under which an address's tries are counted
PER_VISITOR = (20, timedelta(hours=1))
PER_ADDRESS = (5, timedelta(hours=1))

_MATTER = {"class": "name of its class", "area": "name of the area", "link": "address of its page", "stop": "address that ends the alerts"}
REPORTED = declare_template(
    "alerts.reported",
    places={**_MATTER, "post": "the post that answers for it", "due": "until when"},
    zh=Words(
        "{area}：新上报“{class}”",
        "{area}有新的公开事项：{class}。由{post}负责，承诺期限 {due}。\n{link}\n退订：{stop}",
        "由{post}负责，承诺期限 {due}。 {link}",
    ),
    en=Words(
        "{area}: {class} reported",
        "New in public in {area}: {class}. {post} has it, promised by {due}.\n{link}\nEnd these alerts: {stop}",
        "{post} has it, promised by {due}. {link}",
    ),
)
SOLVED = declare_template(
    "alerts.solved",
    places=_MATTER,
    zh=Words("{area}：“{class}”已办结", "{area}的一件公开事项已办结：{class}。\n{link}\n退订：{stop}", "点开看办了什么。 {link}"),
    en=Words(
        "{area}: {class} closed", "A public matter in {area} is closed: {class}.\n{link}\nEnd these alerts: {stop}", "Open it to read what was done. {link}"
    ),
)
CONFIRM = declare_template(
    "alerts.confirm",
    places={"area": "name of the area", "link": "address that confirms or ends them"},
    zh=Words(
        "请确认：{area}的动态提醒",
        "有人（大概就是您）请求把{area}的动态发到这个邮箱。请在一天内打开下面的页面确认；不确认就不会再收到任何邮件，地址也会被删除。\n{link}",
    ),
    en=Words(
        "Please confirm: alerts for {area}",
        "Somebody, probably you, asked for alerts of {area} to this address. Confirm on this page within a day; otherwise nothing more"
        " is sent and the address is deleted.\n{link}",
    ),
    mandatory=True,
    secret=True,
)


def ways() -> tuple[Channel, ...]:
    """By which ways alerts can reach anybody here: mail needs the address of the installation for its links; the demo shows all."""
    open_ways = []
    if settings.DEMO or (leaves(Channel.EMAIL) and settings.PUBLIC_URL):
        open_ways.append(Channel.EMAIL)
    if settings.DEMO or leaves(Channel.PUSH):
        open_ways.append(Channel.PUSH)
    return tuple(open_ways)


class NoSuchArea(Refusal):
    code: ClassVar[str] = "alerts.no_such_area"
    message: ClassVar[str] = N_("Choose an area.")
    field: ClassVar[str] = "area"


class NoSuchWay(Refusal):
    code: ClassVar[str] = "alerts.no_such_way"
    message: ClassVar[str] = N_("Alerts are not sent this way here. The feed is always there.")
    kind: ClassVar[Kind] = Kind.MISSING


def area_of(topic: str) -> AreaNode | None:
    """The area that a topic names; None where it is no more."""
    land = ground_or_none()
    return next((area for area in land if area.code == topic.removeprefix(TOPIC)), None) if land is not None else None


def ask_for_alerts(*, at: datetime, area: str, channel: Channel, address: str, language: str, visitor: bytes, bundled: bool = False) -> Subscribed:
    """Ask for the alerts of an area. A mail address is asked first whether it is willing; a browser has asked already.

    Args:
        visitor: the day's key of the visitor (``limits.visitor_key``).

    Raises:
        NoSuchArea, NoSuchWay: bad input. BadPushAddress, TooManySubscriptions: as ``subscribe_to``.
        TooMany: of this visitor, or to this address.
    """
    node = area_of(TOPIC + area)
    if node is None:
        raise NoSuchArea
    if channel not in ways():
        raise NoSuchWay
    mark = fingerprint(address.strip().lower(), purpose=ASKED)
    if not take("alerts.visitor", visitor, *PER_VISITOR, at=at) or not take("alerts.address", mark, *PER_ADDRESS, at=at):
        raise TooMany
    made = subscribe_to(at=at, topic=TOPIC + area, channel=channel, address=address, language=language, bundled=bundled)
    if channel == Channel.EMAIL:  # also to one that has them already: the answer tells nobody who has
        _ask_to_confirm(at=at, subscription=made, area=node.name("zh" if language.startswith("zh") else "en"))
    return made


def page_of(subscription: Subscribed) -> str:
    """The address of the page on which a subscription is confirmed and ended."""
    return f"{_site()}/alerts/{subscription.id}/{subscription.token}"


def _ask_to_confirm(*, at: datetime, subscription: Subscribed, area: str) -> None:
    """Send the link to the address that was typed in: only who reads its mail can say yes."""
    notify(
        at=at,
        recipient=recipient_of(subscription_id=subscription.id),
        template=CONFIRM.key,
        dedupe_key=f"confirm:{at.isoformat()}",
        params={"area": area, "link": page_of(subscription)},
        channels=(Channel.EMAIL,),
    )


@subscribe("area_alerts.tell", MatterReported, MatterEnded)
def tell_subscribers(deliveries: Sequence[Delivered[MatterReported | MatterEnded]]) -> None:
    """Handler of the outbox: one query for the subscriptions of a batch, one for its matters, none where nobody asked."""
    at = deliveries[0].handled_at
    events = [delivery.event for delivery in deliveries if at - delivery.event.at < OLD_NEWS and delivery.event.confidentiality == Confidentiality.PUBLIC]
    events = [event for event in events if isinstance(event, MatterReported) or event.to_state == "closed"]
    topics = {event.key: {TOPIC + code for code in event.area_path.rstrip("/").split("/")} for event in events}
    if not topics:
        return
    asked: dict[str, list[tuple[Subscribed, Recipient]]] = {}
    for found in subscribers(at=at, topics=set().union(*topics.values())):
        asked.setdefault(found[0].topic, []).append(found)
    if not asked:
        return
    known = public_matters_of(at=at, matter_ids=topics)  # those that are public still
    notify_many([
        NoticeRequest(at, recipient, (REPORTED if isinstance(event, MatterReported) else SOLVED).key, f"{event.key}:{event.version}",
                      _words(known[event.key], event, one), channels=(one.channel,))
        for event in events if event.key in known
        for topic in sorted(topics[event.key])
        for one, recipient in asked.get(topic, ())
    ])  # fmt: skip


def _words(matter: PublicMatter, event: MatterReported | MatterEnded, one: Subscribed) -> Mapping[str, Any]:
    language = "zh" if one.language.startswith("zh") else "en"
    words: dict[str, Any] = {
        "class": matter.class_names.get(language, ""),
        "area": matter.area_names.get(language, ""),
        "link": f"{_site()}/matters/{matter.code}",
        "stop": page_of(one),
    }
    if isinstance(event, MatterReported):
        words |= {"post": matter.post_names.get(language, ""), "due": _day(matter.due_at)}
    return words


def _day(due: datetime) -> str:
    return due.astimezone(active_playbook().section(CalendarSection).zone()).date().isoformat()


def _site() -> str:
    return str(settings.PUBLIC_URL).rstrip("/")


@subscribe("area_alerts.unreachable", NoticeNotDelivered)
def forget_unreachable(deliveries: Sequence[Delivered[NoticeNotDelivered]]) -> None:
    """Handler of the outbox: a browser that is gone for good takes its subscription along."""
    refs = {one.event.recipient for one in deliveries if one.event.channel == Channel.PUSH and one.event.state == NoticeState.FAILED}
    if refs:
        end_unreachable(at=deliveries[0].handled_at, refs=refs)
