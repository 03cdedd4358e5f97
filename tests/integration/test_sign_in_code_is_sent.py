"""A resident's sign-in code goes out as a notice whose text nobody can read afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from linli.flows.sign_in_code_is_sent import can_send_codes, send_sign_in_code
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import codes
from linli.kernel.notices.models import Notice
from linli.kernel.notices.rules import Channel
from linli.kernel.notices.selectors import outbox
from linli.kernel.writing import write
from tests.factories import MONDAY as AT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _wired() -> Iterator[None]:
    """As the wiring does it; other tests plug in a sender of their own."""
    before = codes._sender, codes._available
    codes.register_code_sender(send_sign_in_code, available=can_send_codes)
    yield
    codes.register_code_sender(before[0], available=before[1])


def ask(contact: str, language: str = "zh-hans") -> Any:
    with write():
        return codes.request_code(at=AT, contact=contact, visitor=b"v", language=language)


def code_in(notice: Notice) -> str:
    (found,) = re.findall(rf"(?<!\d)\d{{{codes.DIGITS}}}(?!\d)", notice.body)
    return str(found)


@pytest.mark.parametrize(
    ("contact", "channel", "language"), [("13800138000", "sms", "zh-hans"), ("a@example.org", "email", "en"), ("b@example.org", "email", "")]
)
def test_the_code_goes_to_the_contact_and_signs_in(settings: Any, contact: str, channel: str, language: str) -> None:
    settings.DEMO = True
    row = ask(contact, language)
    notice = Notice.objects.get()
    assert (notice.channel, notice.template) == (channel, "access.sign_in_code")
    assert contact not in notice.recipient and contact.encode() not in bytes(notice.address)
    with write():
        found = codes.redeem_code(at=AT, code_id=row.id, code=code_in(notice))
    assert isinstance(found, User)


def test_two_codes_are_two_notices(settings: Any) -> None:
    settings.DEMO = True
    ask("13800138000")
    ask("13800138000")
    first, second = Notice.objects.order_by("id")
    assert first.recipient == second.recipient and first.dedupe_key != second.dedupe_key


def test_operators_do_not_read_codes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linli.flows.sign_in_code_is_sent.leaves", lambda channel: channel is Channel.SMS)
    ask("13800138000")
    shown = outbox(SYSTEM)
    assert shown.items and code_in(Notice.objects.get()) not in str(shown)


def test_where_nothing_can_be_sent_signing_in_by_code_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not codes.codes_available()
    with pytest.raises(codes.NoCodes):
        ask("13800138000")
    monkeypatch.setattr("linli.flows.sign_in_code_is_sent.leaves", lambda channel: channel is Channel.EMAIL)
    assert codes.codes_available()
    with pytest.raises(codes.NoCodes):
        ask("13800138000")  # mail goes out here, messages do not
    assert not Notice.objects.exists()
