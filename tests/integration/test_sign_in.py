"""Signing in through the pages: password, second factor, code; and what browsers are told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.sessions.models import Session
from django.test import Client

from linli.interfaces.accounts.adapters import OrganisationAdapter
from linli.kernel.access.models import CacheEntry, User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import codes, roles, users
from linli.kernel.epoch import services as epoch
from linli.kernel.writing import write
from tests.factories import hold_playbook

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
GOOD = "correct horse battery"
LOGIN = "/accounts/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> User:
    with write():
        return users.create_user(actor=SYSTEM, at=AT, username="lin", password=GOOD, email="lin@example.org")


def sign_in(client: Client, login: str = "lin", password: str = GOOD, **more: str):
    return client.post(LOGIN, {"login": login, "password": password, **more})


def sign_in_again(client: Client, password: str = GOOD):
    """The password once more, as a change of the second factor asks for it."""
    return client.post("/accounts/reauthenticate/", {"password": password})


def signed_in(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


# -- password ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["lin", "LIN", "lin@example.org", "Lin@Example.org"])
def test_name_or_address_and_password_sign_in(client: Client, lin: User, login: str) -> None:
    assert client.get(LOGIN).status_code == 200
    answer = sign_in(client, login)
    assert (answer.status_code, answer.url) == (302, "/")
    assert signed_in(client) == str(lin.pk)


def test_signing_in_goes_on_to_where_one_was_going_but_never_elsewhere(client: Client, lin: User) -> None:
    assert sign_in(client, next="/accounts/2fa/").url == "/accounts/2fa/"
    assert sign_in(Client(), next="https://elsewhere.example/").url == "/"


@pytest.mark.parametrize(("login", "password"), [("lin", "wrong"), ("nobody", GOOD), ("lin", ""), ("lin\x00", GOOD)])
def test_wrong_answers_do_not(client: Client, lin: User, login: str, password: str) -> None:
    answer = sign_in(client, login, password)
    assert answer.status_code == 200 and signed_in(client) is None
    assert 'role="alert"' in answer.content.decode() or "field--bad" in answer.content.decode()


def test_the_answer_does_not_tell_who_has_an_account(client: Client, lin: User) -> None:
    def said(login: str) -> str:
        page = sign_in(client, login, "wrong password").content.decode()
        return re.sub(r'value="[^"]*"', "", page)

    assert said("lin") == said("nobody")


def test_wrong_passwords_are_limited_in_the_database_and_for_the_account(client: Client, lin: User) -> None:
    for _ in range(5):
        sign_in(client, password="wrong password")
    assert sign_in(Client(REMOTE_ADDR="192.0.2.99")).status_code == 200, "even the right one, from elsewhere, has to wait"
    assert signed_in(client) is None
    assert CacheEntry.objects.exists()
    assert not CacheEntry.objects.filter(cache_key__contains="127.0.0.1").exists(), "no address is kept"


def test_a_disabled_account_does_not_come_in_and_is_out_at_once(client: Client, lin: User) -> None:
    sign_in(client)
    with write():
        users.disable_user(actor=SYSTEM, at=AT, user_id=lin.pk)
    assert client.get("/accounts/2fa/").status_code == 302
    assert sign_in(Client()).status_code in (200, 302) and signed_in(Client()) is None


def test_a_changed_password_ends_the_other_sessions(client: Client, lin: User) -> None:
    sign_in(client)
    assert client.get("/accounts/2fa/").status_code == 200
    with write():
        users.change_password(actor=SYSTEM, at=AT, user_id=lin.pk, password="a new long password")
    assert client.get("/accounts/2fa/").status_code == 302


def test_signing_out_needs_a_click(client: Client, lin: User) -> None:
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200 and signed_in(client)
    client.post("/accounts/logout/")
    assert signed_in(client) is None


def test_nobody_signs_up(client: Client) -> None:
    for path in ("/accounts/signup/", "/accounts/organisation/signup/"):
        assert client.post(path, {"username": "new", "password1": GOOD, "password2": GOOD}).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize("path", ["/accounts/email/", "/accounts/password/reset/", "/accounts/login/code/confirm/"])
def test_pages_that_are_not_opened_do_not_exist(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_forms_need_their_token(lin: User) -> None:
    answer = sign_in(Client(enforce_csrf_checks=True))
    assert answer.status_code == 403


# -- second factor ----------------------------------------------------------------------------------------------------


def totp(secret: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def secret(client: Client, lin: User, monkeypatch: pytest.MonkeyPatch) -> str:
    """Switch the authenticator app on through the page, with the clock of codes held still, and sign out."""
    instant = time.time()
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time.time", lambda: instant)
    sign_in(client)
    assert client.get("/accounts/2fa/totp/activate/").url.startswith("/accounts/reauthenticate/")
    assert sign_in_again(client, "wrong password").status_code == 200
    sign_in_again(client)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    found = client.session["mfa.totp.secret"]
    assert client.post("/accounts/2fa/totp/activate/", {"code": totp(found)}).status_code == 302
    client.post("/accounts/logout/")
    CacheEntry.objects.all().delete()  # forget that this code was used
    return found


def test_with_a_second_factor_the_password_alone_is_not_enough(client: Client, lin: User, secret: str) -> None:
    answer = sign_in(client)
    assert answer.url.startswith("/accounts/2fa/authenticate/") and signed_in(client) is None
    assert client.get("/accounts/2fa/").status_code == 302, "pages of the account stay shut between the steps"
    assert client.get(answer.url).status_code == 200
    assert client.post(answer.url, {"code": totp(secret, steps=5)}).status_code == 200 and signed_in(client) is None
    assert client.post(answer.url, {"code": totp(secret)}).status_code == 302
    assert signed_in(client) == str(lin.pk)


def test_a_one_time_code_is_good_once(client: Client, lin: User, secret: str) -> None:
    code = totp(secret)
    for browser, status in ((client, 302), (Client(), 200)):
        answer = sign_in(browser)
        assert browser.post(answer.url, {"code": code}).status_code == status


def test_secrets_of_second_factors_lie_sealed(lin: User, secret: str) -> None:
    for authenticator in Authenticator.objects.all():
        assert secret not in str(authenticator.data)


def test_a_form_that_needs_the_password_again_is_not_laid_aside(client: Client, lin: User) -> None:
    sign_in(client)
    answer = client.post("/accounts/2fa/totp/activate/", {"code": "123456"})
    assert answer.url == "/accounts/reauthenticate/?next=%2Faccounts%2F2fa%2Ftotp%2Factivate%2F"
    assert "127.0.0.1" not in str(dict(client.session)) and "123456" not in str(dict(client.session))


def test_a_passkey_page_is_shown_only_to_its_holder(client: Client, lin: User) -> None:
    assert client.get("/accounts/2fa/webauthn/").status_code == 302
    sign_in(client)
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 302
    sign_in_again(client)
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 200
    assert client.get("/accounts/2fa/webauthn/").status_code == 200


# -- organisations ----------------------------------------------------------------------------------------------------


def vouch(*, verified: bool, email: str = "Lin@example.org") -> SocialLogin:
    return SocialLogin(user=User(), account=SocialAccount(provider="city", uid="7"), email_addresses=[EmailAddress(email=email, verified=verified)])


def test_an_organisation_opens_the_account_whose_address_it_has_verified(lin: User) -> None:
    adapter = OrganisationAdapter()
    assert adapter.authenticate_by_email(vouch(verified=True)) == (lin, "lin@example.org")
    assert adapter.authenticate_by_email(vouch(verified=False)) is None
    assert adapter.authenticate_by_email(vouch(verified=True, email="other@example.org")) is None
    with write():
        users.disable_user(actor=SYSTEM, at=AT, user_id=lin.pk)
    assert adapter.authenticate_by_email(vouch(verified=True)) is None


def test_nothing_else_that_an_organisation_tells_is_kept(rf, lin: User) -> None:
    login = vouch(verified=True)
    login.account.extra_data = {"birthdate": "1990-01-01"}
    OrganisationAdapter().pre_social_login(rf.get("/"), login)
    assert login.account.extra_data == {}


# -- residents' codes -------------------------------------------------------------------------------------------------


@pytest.fixture
def sent() -> Iterator[list[dict[str, object]]]:
    messages: list[dict[str, object]] = []
    before = codes._sender, codes._available
    codes.register_code_sender(lambda **message: messages.append(message))
    yield messages
    codes.register_code_sender(before[0], available=before[1])


def test_a_resident_signs_in_by_code(client: Client, sent: list[dict[str, object]]) -> None:
    assert client.get("/accounts/code/").status_code == 200
    assert client.post("/accounts/code/", {"contact": "138 0000 0000", "next": "/mine"}).url == "/accounts/code/enter/"
    wrong = client.post("/accounts/code/enter/", {"code": "x"})
    assert wrong.status_code == 400 and signed_in(client) is None
    answer = client.post("/accounts/code/enter/", {"code": sent[0]["code"]})
    assert (answer.status_code, answer.url) == (302, "/mine")
    assert signed_in(client) == str(User.objects.get(kind="resident").pk)


def test_a_code_is_good_in_the_browser_that_asked_for_it_only(client: Client, sent: list[dict[str, object]]) -> None:
    client.post("/accounts/code/", {"contact": "138 0000 0000"})
    other = Client()
    assert other.post("/accounts/code/enter/", {"code": sent[0]["code"]}).url == "/accounts/code/"
    assert signed_in(other) is None


def test_a_replayed_code_sends_the_browser_back(client: Client, sent: list[dict[str, object]]) -> None:
    client.post("/accounts/code/", {"contact": "138 0000 0000"})
    code_id = client.session["sign_in_code"]
    client.post("/accounts/code/enter/", {"code": sent[0]["code"]})
    client.post("/accounts/logout/")
    client.post("/accounts/code/", {"contact": "139 0000 0000"})
    session = client.session
    session["sign_in_code"] = code_id
    session.save()
    assert client.post("/accounts/code/enter/", {"code": sent[0]["code"]}).status_code == 400
    assert signed_in(client) is None and "sign_in_code" not in client.session


def test_asking_too_often_is_refused(client: Client, sent: list[dict[str, object]]) -> None:
    answers = [client.post("/accounts/code/", {"contact": "138 0000 0000"}).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429] and len(sent) == 5


def test_no_door_where_nobody_sends_codes(client: Client) -> None:
    assert client.get("/accounts/code/").status_code == 404
    assert "/accounts/code/" not in client.get(LOGIN).content.decode()


# -- what browsers are told -------------------------------------------------------------------------------------------


def test_every_answer_carries_the_policies(client: Client) -> None:
    for path in (LOGIN, "/nowhere"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'self'" in policy and "worker-src 'self' blob:" in policy
        assert "microphone=()" in headers["Permissions-Policy"]
        assert headers["Referrer-Policy"] == "same-origin" and headers["X-Frame-Options"] == "DENY" and headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", [LOGIN, "/accounts/2fa/", "/accounts/2fa/webauthn/add/", "/accounts/2fa/totp/activate/", "/accounts/password/change/"])
def test_pages_hold_no_inline_script_or_style(client: Client, lin: User, path: str) -> None:
    if path != LOGIN:
        sign_in(client)
        sign_in_again(client)
    page = client.get(path)
    assert page.status_code == 200
    text = page.content.decode()
    for script in re.findall(r"<script([^>]*)>", text):
        assert "src=" in script or "application/json" in script
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)


def test_a_page_for_nobody_asks_the_database_nothing(client: Client, django_assert_num_queries) -> None:
    hold_playbook(at=AT)
    epoch.hear(epoch.current())  # as in a web process, which hears of changes
    client.get(LOGIN)  # reads once what every page needs: the community's time zone
    with django_assert_num_queries(0):
        client.get("/accounts/inactive/")
    assert not Session.objects.exists()


def test_the_session_cookie_is_out_of_reach_of_scripts(client: Client, lin: User) -> None:
    sign_in(client)
    cookie = client.cookies["linli_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_those_with_a_role_begin_at_the_console_when_there_is_one(client: Client, lin: User) -> None:
    with write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=lin.pk, role="operator")
    assert sign_in(client).url in ("/console/", "/")
