"""Subscriptions without an account: confirmed by mail, at once in a browser, gone without a trace when they end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from py_vapid import Vapid02

from linli.kernel.erasures.models import Erasure
from linli.kernel.notices import services
from linli.kernel.notices.models import Notice, NoticePreference, Subscription
from linli.kernel.notices.rules import Channel, NoticeState
from linli.kernel.notices.services import channels, push
from linli.kernel.writing import write
from tests.integration.notices.browsers import PushBrowser, PushService, push_service
from tests.integration.notices.made import AT, HOUR, send_all, tell

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    with push_service() as running:
        settings.PUSH_SERVICES = [running.origin, "push.example.org"]
        settings.PUBLIC_URL = "https://linli.example.org"
        yield running


def ask(address: str = "A@Example.org ", channel: Channel = Channel.EMAIL, **more: Any) -> services.Subscribed:
    with write():
        return services.subscribe_to(at=AT, topic=more.pop("topic", "area:x"), channel=channel, address=address, language="zh-hans", **more)


def told_of(topic: str = "area:x", at: Any = AT + HOUR) -> list[str]:
    return [next(iter(recipient.addresses.values())) for _one, recipient in services.subscribers(at=at, topics=[topic])]


def test_mail_is_sent_to_nobody_before_its_reader_says_yes() -> None:
    made = ask(bundled=True)
    assert not made.confirmed and told_of() == []
    with pytest.raises(services.NoSuchSubscription), write():
        services.confirm_subscription(at=AT, subscription_id=made.id, token="0" * 32)
    with write():
        assert services.confirm_subscription(at=AT + HOUR, subscription_id=made.id, token=made.token).bundled
    assert told_of() == ["a@example.org"] and told_of("area:y") == []
    again = ask("a@example.org", bundled=False)  # whoever types a confirmed address in again changes nothing
    assert (again.id, again.bundled) == (made.id, True)
    assert b"example" not in bytes(Subscription.objects.get().address)


def test_what_is_not_confirmed_or_over_is_deleted_on_time() -> None:
    first, second = ask(), ask(topic="area:y")
    with write():
        services.confirm_subscription(at=AT, subscription_id=second.id, token=second.token)
        assert services.end_expired(at=AT + DAY) == 1
    with pytest.raises(services.NoSuchSubscription):
        services.subscribed(at=AT, subscription_id=first.id, token=first.token)
    with write():
        assert services.end_expired(at=AT + 366 * DAY) == 1
    assert not Subscription.objects.exists()


def test_ending_leaves_no_address_and_a_restore_does_not_bring_it_back() -> None:
    made = ask()
    with write():
        services.confirm_subscription(at=AT, subscription_id=made.id, token=made.token)
    ((_one, recipient),) = services.subscribers(at=AT, topics=["area:x"])
    tell(recipient, channels=(Channel.EMAIL,))
    with write():
        services.end_subscription(at=AT, subscription_id=made.id, token=made.token)
    assert not Subscription.objects.exists() and not NoticePreference.objects.exists() and not Notice.objects.exists()
    assert Erasure.objects.filter(kind="notices.subscription", subject=made.id).exists()
    with write():
        assert services.end_again([made.id], AT) == 0


def test_one_address_has_a_bounded_number() -> None:
    for number in range(20):
        ask(topic=f"area:{number}")
    with pytest.raises(services.TooManySubscriptions):
        ask(topic="area:one-more")


def test_a_push_reaches_the_browser_that_asked_and_only_it_can_read_it(service: PushService) -> None:
    browser = PushBrowser(f"{service.origin}/send/1")
    made = ask(browser.address, Channel.PUSH)
    assert made.confirmed and [one.id for one in services.subscribed_by_push(at=AT, address=browser.address)] == [made.id]
    ((_one, recipient),) = services.subscribers(at=AT, topics=["area:x"])
    tell(recipient, channels=(Channel.PUSH,))
    assert send_all(channel=Channel.PUSH) == 1
    ((path, headers, body),) = service.taken
    assert path == "/send/1" and (headers["Content-Encoding"], headers["TTL"]) == ("aes128gcm", "86400")
    assert Vapid02.verify(headers["Authorization"]) and headers["Authorization"].endswith(services.application_server_key())
    read = browser.read(body)
    assert (read["title"], read["body"], read["url"]) == ("QX-1 的消息", "QX-1 有进展", "/")
    assert Notice.objects.get().state == NoticeState.SENT


def test_a_text_that_ends_with_an_address_opens_it(service: PushService) -> None:
    browser = PushBrowser(f"{service.origin}/send/1")
    channels.ADAPTERS[Channel.PUSH].send(channels.Message("n", push.clean_push_address(browser.address), "T", "Look here. https://linli.example.org/matters/1"))
    read = browser.read(service.taken[0][2])
    assert (read["body"], read["url"]) == ("Look here.", "https://linli.example.org/matters/1")


def test_a_browser_that_is_gone_fails_for_good_and_its_address_is_never_listed(service: PushService) -> None:
    service.status = 410
    made = ask(PushBrowser(f"{service.origin}/send/2").address, Channel.PUSH)
    ((_one, recipient),) = services.subscribers(at=AT, topics=["area:x"])
    tell(recipient, channels=(Channel.PUSH,))
    send_all(channel=Channel.PUSH)
    notice = Notice.objects.get()
    assert (notice.state, notice.error) == (NoticeState.FAILED, "HTTP 410")
    with write():
        assert services.end_unreachable(at=AT, refs=[made.ref, "reporter:x"]) == 1
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1/inside",
        "http://push.example.org/plain",
        "https://push.example.org:8443/other-port",
        "https://push.example.org.evil.org/x",
        "https://user@push.example.org/x",
        "file:///etc/passwd",
        "https://[::1",
    ],
)
def test_only_services_of_the_settings_are_written_to(service: PushService, endpoint: str) -> None:
    with pytest.raises(services.BadPushAddress):
        ask(PushBrowser(endpoint).address, Channel.PUSH)


@pytest.mark.parametrize("address", ["", "{}", "[1]", "no json", '{"endpoint": "https://push.example.org/x", "keys": {"p256dh": "AAAA", "auth": "AAAA"}}'])
def test_nonsense_is_refused(service: PushService, address: str) -> None:
    with pytest.raises(services.BadPushAddress):
        ask(address, Channel.PUSH)


def test_a_known_service_is_taken(service: PushService) -> None:
    assert ask(PushBrowser("https://eu.push.example.org/x").address, Channel.PUSH).confirmed
