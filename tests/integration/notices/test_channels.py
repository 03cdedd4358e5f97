"""The ways out of a notice: what is sent, where to, and what each failure means."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from django.core import mail

from linli.kernel.access.rules import Actor, Forbidden
from linli.kernel.notices import selectors, services
from linli.kernel.notices.models import GroupChannel, Notice
from linli.kernel.notices.rules import Channel, Fate, NoticeState, Recipient
from linli.kernel.notices.services import channels, outward
from linli.kernel.writing import write
from tests.integration.notices.made import AT, MOVED, clerk, person, send_all, tell


@pytest.mark.django_db
def test_e_mail_leaves_by_djangos_backend(settings: Any) -> None:
    settings.EMAIL_CONFIGURED = True
    tell(person(email="a@example.org"))
    tell(person(email="not an address\nBcc: x@example.org"))
    assert send_all() == 2
    assert [m.to for m in mail.outbox] == [["a@example.org"]]
    assert mail.outbox[0].extra_headers["Message-ID"].startswith("<")
    assert sorted(Notice.objects.filter(channel="email").values_list("state", flat=True)) == ["failed", "sent"]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The web outside: a list of requests made; its first item answers them."""
    seen: list[Any] = [lambda request: httpx.Response(200, json={"errcode": 0})]

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return seen[0](request)

    monkeypatch.setattr(outward, "http_client", lambda: httpx.Client(transport=httpx.MockTransport(handle)))
    return seen


@pytest.mark.django_db
def test_sms_leaves_by_the_gateway_as_the_settings_say(settings: Any, web: list[Any]) -> None:
    settings.SMS_GATEWAY = {
        "url": "https://sms.example.org/send?to={to}",
        "method": "POST",
        "headers": '{"X-Key": "k"}',
        "body": '{"text": "{text}", "ids": ["{id}"], "price": "$5 {other}"}',
    }
    tell(person(sms="+86 138&x=1"))
    assert send_all(channel=Channel.SMS) == 1
    request = web[1]
    assert str(request.url) == "https://sms.example.org/send?to=%2B86%20138%26x%3D1" and request.headers["X-Key"] == "k"
    notice = Notice.objects.get(channel="sms")
    assert json.loads(request.content) == {"text": "QX-1 有进展", "ids": [str(notice.id)], "price": "$5 {other}"}
    assert notice.state == NoticeState.SENT


def _raise(error: Exception) -> Any:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    return answer


def _json(status: int, **content: Any) -> Any:
    return lambda _request: httpx.Response(status, json=content)


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (_raise(httpx.ConnectError("x")), Fate.NOT_SENT),
        (_raise(httpx.ConnectTimeout("x")), Fate.NOT_SENT),
        (_raise(httpx.ReadTimeout("x")), Fate.UNKNOWN),
        (_raise(httpx.RemoteProtocolError("x")), Fate.UNKNOWN),
        (_json(429), Fate.NOT_SENT),
        (_json(500), Fate.UNKNOWN),
        (_json(403), Fate.REFUSED),
        (_json(302), Fate.REFUSED),
        (_json(200, errcode=93000), Fate.REFUSED),
        (_json(200, errcode=45009), Fate.NOT_SENT),
        (_json(200, hello=1), Fate.UNKNOWN),
        (lambda _request: httpx.Response(200, text="<html>"), Fate.UNKNOWN),
    ],
)
@pytest.mark.django_db
def test_each_failure_of_a_robot_has_its_fate(answer: Any, fate: Fate, web: list[Any]) -> None:
    web[0] = answer
    with write():
        services.save_group_channel(actor=Actor.system("test"), at=AT, name="duty", names={"zh": "值班群"}, address="wecombot://BOTKEY-1")
    with pytest.raises(channels.Undelivered) as caught:
        outward.send_to_group(channels.Message("1", "duty", "s", "b"))
    assert caught.value.fate == fate and "BOTKEY" not in caught.value.reason


@pytest.mark.parametrize(
    ("address", "host", "code"),
    [
        ("wecombot://BOTKEY-1", "qyapi.weixin.qq.com", "errcode"),
        ("dingtalk://SECRET123@TOKEN123", "oapi.dingtalk.com", "errcode"),
        ("feishu://TOKEN123", "open.feishu.cn", "code"),
    ],
)
@pytest.mark.django_db
def test_the_chinese_robots_are_asked_what_they_answered(address: str, host: str, code: str, web: list[Any]) -> None:
    web[0] = _json(200, **{code: 0})
    manager = clerk("notices.manage")
    with write():
        services.save_group_channel(actor=manager, at=AT, name="duty", names={"zh": "值班群"}, address=address)
        told = services.notify(at=AT, recipient=Recipient.group("duty"), template=MOVED, dedupe_key="k", params={"code": "QX-1"})
    assert told.queued == (Channel.GROUP,)
    assert send_all(channel=Channel.GROUP) == 1
    assert web[1].url.host == host and "QX-1" in web[1].content.decode("unicode_escape")
    assert Notice.objects.get().state == NoticeState.SENT
    stored = GroupChannel.objects.get()
    assert b"123" not in bytes(stored.address) and b"BOTKEY" not in bytes(stored.address)
    assert [view.name for view in selectors.group_channels(manager)] == ["duty"]


@pytest.mark.django_db
def test_group_channels_are_for_managers_and_real_addresses() -> None:
    for actor, name, address, refusal in (
        (clerk("notices.read_outbox"), "duty", "wecombot://KEY", Forbidden),
        (clerk("notices.manage"), "Duty Group", "wecombot://KEY", services.BadGroupName),
        (clerk("notices.manage"), "duty", "nonsense", services.BadGroupAddress),
        (clerk("notices.manage"), "duty", "syslog://", services.BadGroupAddress),
        (clerk("notices.manage"), "duty", "", services.BadGroupAddress),
    ):
        with pytest.raises(refusal), write():
            services.save_group_channel(actor=actor, at=AT, name=name, names={}, address=address)
    with pytest.raises(services.NoSuchGroup), write():
        services.stop_group_channel(actor=clerk("notices.manage"), at=AT, name="none")
    with pytest.raises(Forbidden):
        selectors.group_channels(clerk("notices.read_outbox"))
    assert not GroupChannel.objects.exists()
