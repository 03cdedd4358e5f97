"""Signing in through an organisation's own server (OpenID Connect), against a server on this machine that speaks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client

from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import users
from linli.kernel.writing import write

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


class Organisation(ThreadingHTTPServer):
    """Says of whoever comes back with the code what ``person`` says; remembers what was asked of it."""

    person: dict[str, object]
    asked: list[tuple[str, dict[str, list[str]]]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Pages(BaseHTTPRequestHandler):
    server: Organisation

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        here = self.server.url
        if self.path.endswith("/.well-known/openid-configuration"):
            ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "userinfo_endpoint": "/userinfo", "jwks_uri": "/keys"}
            self.say({"issuer": here, **{name: here + path for name, path in ends.items()}})
        elif self.path == "/userinfo" and self.headers["Authorization"] == "Bearer the-token":
            self.say(self.server.person)
        else:
            self.say({}, status=404)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append((self.path, form))
        self.say({"access_token": "the-token", "token_type": "Bearer"} if form.get("code") == ["the-code"] else {"error": "invalid_grant"})

    def say(self, body: object, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def organisation(settings) -> Iterator[Organisation]:
    server = Organisation(("127.0.0.1", 0), Pages)
    server.person, server.asked = {"sub": "7", "email": "lin@example.org", "email_verified": True, "name": "林"}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    app = {"provider_id": "town", "name": "Town hall", "client_id": "linli", "secret": "s", "settings": {"server_url": server.url}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    cache.clear()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def lin() -> User:
    with write():
        return users.create_user(actor=SYSTEM, at=AT, username="lin", password="correct horse battery", email="lin@example.org")


def come_back(client: Client, *, state: str | None = None):
    """To the organisation and back, as a browser goes."""
    sent = client.post("/accounts/oidc/town/login/")
    there = parse_qs(urlsplit(sent.url).query)
    assert sent.status_code == 302 and there["client_id"] == ["linli"] and there["code_challenge_method"] == ["S256"]
    return client.get("/accounts/oidc/town/login/callback/", {"code": "the-code", "state": state or there["state"][0]})


def signed_in(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_the_account_is_found_by_the_verified_address_then_by_the_subject(organisation: Organisation, lin: User) -> None:
    client = Client()
    assert come_back(client).status_code == 302 and signed_in(client) == str(lin.pk)
    assert organisation.asked[0][1]["code_verifier"]
    account = SocialAccount.objects.get()
    assert (account.uid, account.extra_data) == ("7", {}), "nothing else that the organisation tells is kept"
    organisation.person["email"] = "other@example.org"
    again = Client()
    come_back(again)
    assert signed_in(again) == str(lin.pk)


@pytest.mark.parametrize("told", [{"email_verified": False}, {"email": "nobody@example.org"}, {"email": "lin@example.org", "email_verified": None}])
def test_an_address_that_is_not_verified_or_not_known_does_not_come_in(organisation: Organisation, lin: User, told: dict[str, object]) -> None:
    organisation.person |= told
    client = Client()
    assert come_back(client).status_code < 500
    assert signed_in(client) is None and not SocialAccount.objects.exists() and User.objects.count() == 1


def test_an_answer_to_a_question_nobody_asked_is_refused(organisation: Organisation, lin: User) -> None:
    client = Client()
    assert come_back(client, state="made-up").status_code < 500
    assert signed_in(client) is None and organisation.asked == []


def test_a_closed_account_stays_outside(organisation: Organisation, lin: User) -> None:
    User.objects.filter(pk=lin.pk).update(is_active=False)
    client = Client()
    come_back(client)
    assert signed_in(client) is None


@pytest.fixture
def provider(settings) -> Iterator[str]:
    """A whole OpenID provider, with keys, signed tokens and a page of its own, in which 林 has an account."""
    known = oidc_provider_mock.User(sub="lin-7", claims={"email": "lin@example.org", "email_verified": True, "name": "林"})
    with oidc_provider_mock.run_server_in_thread(user_claims=[known]) as server:
        address = f"http://localhost:{server.server_port}"
        app = {"provider_id": "town", "name": "Town hall", "client_id": "linli", "secret": "s", "settings": {"server_url": address}}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        cache.clear()
        yield address


def through(client: Client, subject: str, **form: str) -> object:
    """From our page to the provider's, whose form is answered for ``subject``, and back to us."""
    sent = client.post("/accounts/oidc/town/login/")
    back = httpx.post(sent.url, data={"sub": subject, **form})
    assert sent.status_code == 302 and back.status_code == 302, back.text
    callback = urlsplit(back.headers["location"])
    return client.get(callback.path, parse_qs(callback.query))


def test_a_whole_provider_signs_in_whom_it_vouches_for_and_nobody_else(provider: str, lin: User) -> None:
    client = Client()
    assert through(client, "lin-7").status_code == 302 and signed_in(client) == str(lin.pk)
    assert SocialAccount.objects.get().uid == "lin-7"
    stranger = Client()
    assert through(stranger, "somebody@example.org").status_code < 500 and signed_in(stranger) is None
    denied = Client()
    assert through(denied, "lin-7", action="deny").status_code < 500 and signed_in(denied) is None
