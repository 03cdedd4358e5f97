"""Marks on routes, the actor on the request, and refusals as answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from ninja import NinjaAPI

from linli.interfaces.access import ApiAccess, public_route, requires, signed_in_route
from linli.interfaces.refusals import answer_refusals
from linli.kernel.access.models import ApiKey, User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import api_keys, roles, users
from linli.kernel.epoch import services as epoch
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write
from tests.factories import hold_playbook

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
GOOD = "correct horse battery"


class TooLarge(Refusal):
    code = "test.too_large"
    message = N_("There is no language “%(language)s”. Known: %(known)s.")
    kind = Kind.INVALID
    field = "size"


class Gone(Refusal):
    code = "test.gone"
    kind = Kind.MISSING


@public_route
def anybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("anybody")


@public_route
def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.actor.id)


@signed_in_route
def somebody(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.actor.id)


@requires("access.manage")
def manager(request: HttpRequest) -> HttpResponse:
    return HttpResponse(type(request.actor).__name__)


@requires("access.manage")
async def manager_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.actor.id)


@public_route
def refuses(request: HttpRequest) -> HttpResponse:
    raise TooLarge(language="<b>x</b>", known="en")


api = NinjaAPI(title="test", urls_namespace="access-test", openapi_url=None)
answer_refusals(api)


@api.get("/open", auth=ApiAccess.public())
def api_open(request: HttpRequest) -> dict[str, str]:
    return {"actor": request.actor.id}


@api.post("/managed", auth=ApiAccess.requires("access.manage"))
def api_managed(request: HttpRequest) -> dict[str, str]:
    return {"actor": request.actor.id}


@api.get("/refuses", auth=ApiAccess.public())
def api_refuses(request: HttpRequest) -> dict[str, str]:
    raise Gone


urlpatterns = [
    path("anybody", anybody),
    path("who", who),
    path("somebody", somebody),
    path("manager", manager),
    path("manager-async", manager_async),
    path("refuses", refuses),
    path("api/", api.urls),
]
from linli.config.urls import urlpatterns as own  # noqa: E402

urlpatterns += own

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def lin() -> User:
    with write():
        return users.create_user(actor=SYSTEM, at=AT, username="lin", password=GOOD)


@pytest.fixture
def operator(lin: User) -> User:
    with write():
        roles.give_role(actor=SYSTEM, at=AT, user_id=lin.pk, role="operator", area_path="1/")
    return lin


def key(role: str = "operator") -> str:
    with write():
        return api_keys.create_api_key(actor=SYSTEM, at=AT, name=f"key of {role}", role=role)[1]


def test_nobody_is_sent_to_sign_in_and_back(client: Client) -> None:
    assert client.get("/manager?a=1").url == "/accounts/login/?next=/manager%3Fa%3D1"
    assert client.get("/somebody").status_code == 302
    assert client.post("/manager", HTTP_REFERER="http://testserver/queue").url == "/accounts/login/?next=/queue"
    assert client.post("/manager", HTTP_REFERER="http://elsewhere.example/queue").url == "/accounts/login/?next=/"
    by_script = client.get("/manager", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/queue")
    assert (by_script.status_code, by_script.headers["HX-Redirect"]) == (401, "/accounts/login/?next=/queue")


def test_a_program_without_a_key_is_told_so(client: Client) -> None:
    answer = client.get("/manager", HTTP_ACCEPT="application/json")
    assert answer.status_code == 401 and answer.json()["code"] == "access.not_signed_in" and answer.headers["WWW-Authenticate"] == "Bearer"


def test_somebody_without_the_permission_is_refused(client: Client, lin: User) -> None:
    client.force_login(lin)
    assert client.get("/somebody").content.decode() == f"user:{lin.pk}"
    answer = client.get("/manager")
    assert answer.status_code == 403 and "access.manage" in answer.content.decode()


def test_a_permission_held_anywhere_opens_the_route(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert client.get("/manager").content == b"Actor", "a plain actor, not a lazy one"
    assert client.get("/manager-async").content.decode() == f"user:{operator.pk}"


def test_an_async_view_is_guarded_too(client: Client) -> None:
    assert client.get("/manager-async").status_code == 302
    assert async_to_sync(_ask_async)() == 302


async def _ask_async() -> int:
    from django.test import AsyncClient

    return (await AsyncClient().get("/manager-async")).status_code


@pytest.mark.parametrize("header", [lambda text: {"HTTP_AUTHORIZATION": f"Bearer {text}"}, lambda text: {"HTTP_X_API_KEY": text}])
def test_a_key_is_the_actor(client: Client, header) -> None:
    text = key()
    assert client.get("/who", **header(text)).content.decode() == f"apikey:{ApiKey.objects.get().pk}"
    assert client.post("/api/managed", **header(text)).status_code == 200
    assert ApiKey.objects.get().last_used_on is not None
    wrong = client.post("/api/managed", **header(text + "x"))
    assert wrong.status_code == 401 and wrong.json()["code"] == "access.bad_key"


def test_a_key_goes_before_a_session_and_a_wrong_one_is_never_overlooked(client: Client, operator: User) -> None:
    client.force_login(operator)
    assert client.get("/manager", HTTP_X_API_KEY="wrong", HTTP_ACCEPT="application/json").status_code == 401
    assert client.get("/manager", HTTP_X_API_KEY=key("reporter"), HTTP_ACCEPT="application/json").status_code == 403


def test_api_operations_are_guarded(client: Client, lin: User) -> None:
    assert client.get("/api/open").json() == {"actor": "anonymous"}
    assert client.post("/api/managed").status_code == 401
    client.force_login(lin)
    assert client.post("/api/managed").status_code == 403


def test_a_browsers_session_needs_the_token_at_the_api_and_a_key_does_not(operator: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)
    assert browser.post("/api/managed").status_code == 403
    assert Client(enforce_csrf_checks=True).post("/api/managed", HTTP_X_API_KEY=key()).status_code == 200


def test_refusals_become_a_page_a_fragment_or_a_body(client: Client) -> None:
    page = client.get("/refuses")
    assert page.status_code == 400 and "&lt;b&gt;x&lt;/b&gt;" in page.content.decode() and "<b>x</b>" not in page.content.decode()
    fragment = client.get("/refuses", HTTP_HX_REQUEST="true")
    assert fragment.status_code == 400 and "<html" not in fragment.content.decode() and 'role="alert"' in fragment.content.decode()
    body = client.get("/refuses", HTTP_ACCEPT="application/json")
    assert body.status_code == 400 and body.json()["field"] == "size" and body.json()["code"] == "test.too_large"
    assert client.get("/api/refuses").status_code == 404 and json.loads(client.get("/api/refuses").content)["code"] == "test.gone"


def test_refusals_are_said_in_the_readers_language(client: Client) -> None:
    with override_settings(LANGUAGE_CODE="en"):
        said = client.get("/refuses", HTTP_ACCEPT="application/json", HTTP_ACCEPT_LANGUAGE="en").json()["message"]
    assert said == "There is no language “<b>x</b>”. Known: en."


def test_a_public_page_costs_nobody_a_question(client: Client, django_assert_num_queries) -> None:
    hold_playbook(at=AT)
    epoch.hear(epoch.current())  # as in a web process, which hears of changes
    client.get("/anybody")  # reads once what every page needs: the community's time zone
    with django_assert_num_queries(0):
        client.get("/anybody")
        client.get("/who")
