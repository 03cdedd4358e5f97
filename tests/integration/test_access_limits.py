"""Limits and sign-in codes on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session

from linli.kernel.access import tasks
from linli.kernel.access.models import CacheEntry, LoginCode, RateLimit, User, VisitorSalt
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import codes, limits, users
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


# -- limits -----------------------------------------------------------------------------------------------------------


def test_a_limit_lets_so_many_pass_and_then_one_more_each_share_of_the_time() -> None:
    minute, key = timedelta(minutes=1), b"key"
    assert [limits.take("test", key, 3, minute, at=AT) for _ in range(5)] == [True, True, True, False, False]
    assert limits.take("test", b"other", 3, minute, at=AT) and limits.take("other", key, 3, minute, at=AT)
    assert not limits.take("test", key, 3, minute, at=AT + timedelta(seconds=19))
    assert limits.take("test", key, 3, minute, at=AT + timedelta(seconds=20))
    assert not limits.take("test", key, 3, minute, at=AT + timedelta(seconds=20))
    limits.give_back("test", key)
    assert limits.take("test", key, 3, minute, at=AT + timedelta(seconds=20))


def test_a_clock_moved_back_locks_nobody_out() -> None:
    assert limits.take("test", b"key", 1, timedelta(hours=1), at=AT + timedelta(days=400))
    assert limits.take("test", b"key", 1, timedelta(hours=1), at=AT)
    assert not limits.take("test", b"key", 1, timedelta(hours=1), at=AT)


def test_taking_is_one_statement(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        limits.take("test", b"key", 1, timedelta(hours=1), at=AT)


def test_a_visitor_is_known_within_a_day_and_by_household(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_salt", None)
    key = limits.visitor_key("192.0.2.7", at=AT)
    assert key == limits.visitor_key("192.0.2.7", at=AT + timedelta(hours=9)) == limits.visitor_key("::ffff:192.0.2.7", at=AT)
    assert key != limits.visitor_key("192.0.2.8", at=AT)
    assert limits.visitor_key("2001:db8:1:2::1", at=AT) == limits.visitor_key("2001:db8:1:2:ffff::9", at=AT) != limits.visitor_key("2001:db8:1:3::1", at=AT)
    assert key != limits.visitor_key("192.0.2.7", at=AT + timedelta(days=1))


def test_the_sweep_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_salt", None)
    limits.visitor_key("192.0.2.7", at=AT)
    limits.take("test", b"key", 1, timedelta(hours=1), at=AT)
    CacheEntry.objects.create(cache_key="k", value="v", expires=AT)
    Session.objects.create(session_key="s", session_data="", expire_date=AT)
    assert tasks.sweep(at=AT, machine_at=AT) == 0
    assert tasks.sweep(at=AT + timedelta(days=1), machine_at=AT) == 2
    assert tasks.sweep(at=AT + timedelta(days=1), machine_at=AT + timedelta(seconds=1)) == 2
    assert not RateLimit.objects.exists() and not VisitorSalt.objects.exists()


# -- codes ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent() -> Iterator[list[dict[str, object]]]:
    messages: list[dict[str, object]] = []
    before = codes._sender, codes._available
    codes.register_code_sender(lambda **message: messages.append(message))
    yield messages
    codes.register_code_sender(before[0], available=before[1])


def ask(contact: str = "138 0000 0000", *, at: datetime = AT, visitor: bytes = b"v") -> LoginCode:
    with write():
        return codes.request_code(at=at, contact=contact, visitor=visitor, language="zh-hans")


def redeem(row: LoginCode, code: object, *, at: datetime = AT) -> object:
    with write():
        return codes.redeem_code(at=at, code_id=row.id, code=str(code))


def other_than(code: object) -> str:
    return f"{(int(str(code)) + 1) % 10**codes.DIGITS:0{codes.DIGITS}}"


def test_the_right_code_makes_a_residents_account_once(sent: list[dict[str, object]]) -> None:
    user = redeem(ask(), sent[0]["code"])
    assert isinstance(user, User) and user.kind == User.Kind.RESIDENT and not user.has_usable_password()
    assert sent[0]["contact"] == "+8613800000000" and sent[0]["channel"] == "phone"
    assert redeem(ask("+8613800000000"), sent[1]["code"]) == user


def test_nothing_about_the_contact_or_the_code_is_in_clear(sent: list[dict[str, object]]) -> None:
    row = ask("someone@example.org")
    stored = b"".join(bytes(value) for value in (row.contact_fingerprint, row.contact_sealed, row.code_fingerprint))
    assert b"someone" not in stored and str(sent[0]["code"]).encode() not in stored


def test_a_code_is_good_once_and_for_its_time(sent: list[dict[str, object]]) -> None:
    row = ask()
    assert isinstance(redeem(row, sent[0]["code"]), User)
    assert isinstance(redeem(row, sent[0]["code"]), codes.CodeSpent), "replayed"
    late = ask()
    assert isinstance(redeem(late, sent[1]["code"], at=AT + codes.LIFETIME), codes.CodeSpent)


def test_wrong_codes_use_up_the_attempts(sent: list[dict[str, object]]) -> None:
    row = ask()
    wrong = other_than(sent[0]["code"])
    answers = [type(redeem(row, wrong)) for _ in range(codes.ATTEMPTS + 1)]
    assert answers == [codes.WrongCode] * codes.ATTEMPTS + [codes.CodeSpent]
    assert isinstance(redeem(row, sent[0]["code"]), codes.CodeSpent), "the right one comes too late"


def test_a_new_code_replaces_the_one_before(sent: list[dict[str, object]]) -> None:
    first = ask()
    ask()
    assert isinstance(redeem(first, sent[0]["code"]), codes.CodeSpent)


def test_a_code_never_opens_a_staff_or_a_closed_account(sent: list[dict[str, object]]) -> None:
    with write():
        users.create_user(actor=SYSTEM, at=AT, username="lin", password="correct horse battery", email="lin@example.org")
    assert isinstance(redeem(ask("LIN@example.org"), sent[0]["code"]), codes.StaffSignInOtherwise)
    resident = redeem(ask(), sent[1]["code"])
    with write():
        users.disable_user(actor=SYSTEM, at=AT, user_id=resident.pk)
    assert isinstance(redeem(ask(), sent[2]["code"]), codes.AccountClosed)


def test_codes_are_limited_by_contact_and_by_visitor(sent: list[dict[str, object]]) -> None:
    for number in range(codes.CODES_PER_CONTACT[0]):
        ask(visitor=str(number).encode())
    with pytest.raises(limits.TooMany):
        ask(visitor=b"new")
    for number in range(codes.CODES_PER_VISITOR[0] - 1):
        ask(f"1390000{number:04}", visitor=b"w")
    ask("13911110000", visitor=b"w")
    with pytest.raises(limits.TooMany):
        ask("13911110001", visitor=b"w")


@pytest.mark.parametrize(("contact", "refusal"), [("", codes.NoContact), ("12", users.BadPhone), ("a@", users.BadEmail)])
def test_bad_contacts_are_refused(sent: list[dict[str, object]], contact: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        ask(contact)
    assert not sent


def test_without_a_sender_there_are_no_codes() -> None:
    assert not codes.codes_available()
    with pytest.raises(codes.NoCodes):
        ask()


def test_spent_codes_are_deleted_a_day_later(sent: list[dict[str, object]]) -> None:
    ask()
    assert codes.sweep_codes(at=AT + timedelta(days=1)) == 0
    assert codes.sweep_codes(at=AT + timedelta(days=2)) == 1
