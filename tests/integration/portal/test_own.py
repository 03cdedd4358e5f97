"""Own data over HTTP: for the holder of a code, for a signed-in resident, and for nobody else."""

from __future__ import annotations

import pytest
from django.test import Client

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.rules.words import MASK
from linli.engines.matters.services.act import act, only
from linli.kernel.access.models import User
from linli.kernel.access.rules import ANONYMOUS
from linli.kernel.access.services.users import add_user
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, person, report


@pytest.fixture
def town(db: None) -> Community:
    with write():
        set_clock(to=MONDAY)
    return community()


@pytest.fixture
def resident(client: Client, town: Community) -> User:
    with write():
        user = add_user(
            actor=ANONYMOUS, at=MONDAY, username="r1", password=None, display_name="", email="", phone="+8613800138000", language="", kind="resident"
        )
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return user


def close(town: Community, matter_id) -> None:
    with write():
        only(act([Command(matter_id, Verb.SOLVE, MONDAY, text="已清走")], actor=person("grid_head", town.grids[0].path)))


def test_the_holder_of_a_code_leaves_a_way_to_be_told_and_takes_it_back(client: Client, town: Community) -> None:
    one = report(town)
    page = f"/track/{one.tracking}"
    refused = client.post(f"{page}/contact", {"phone": "call me"})
    assert refused.status_code == 400 and "call me" in refused.content.decode()
    assert client.post(f"{page}/contact", {"phone": "", "email": ""}).status_code == 400
    assert client.post(f"{page}/contact", {"phone": "138 0013 8000"}).url == page
    assert "138 0013 8000" in client.get(page).content.decode()
    client.post(f"{page}/forget")
    assert Report.objects.get().contact is None and "138 0013 8000" not in client.get(page).content.decode()


def test_words_are_deleted_when_the_matter_is_closed_and_not_before(client: Client, town: Community) -> None:
    one = report(town, text="堵住了")
    assert client.post(f"/track/{one.tracking}/withdraw").status_code == 409
    close(town, one.matter_id)
    client.post(f"/track/{one.tracking}/withdraw")
    assert (Report.objects.get().text, Matter.objects.get().public_text) == (MASK, MASK)
    after = client.get(f"/track/{one.tracking}").content.decode()
    assert "堵住了" not in after and "/withdraw" not in after


@pytest.mark.parametrize("path", ["own", "own/data.json", "own/anonymous", "own/leave"])
def test_own_pages_ask_who_is_there(client: Client, town: Community, path: str) -> None:
    answer = client.get(f"/{path}") if path in ("own", "own/data.json") else client.post(f"/{path}")
    assert answer.status_code == 302 and answer.url.startswith("/accounts/login/")


def test_a_resident_sees_own_reports_takes_them_along_and_makes_them_anonymous(client: Client, town: Community, resident: User) -> None:
    mine = report(town, contact=Contact(phone="13800138000"), anonymous=False)
    other = report(town, grid=1, contact=Contact(phone="13900139000"), anonymous=False)
    page = client.get("/own").content.decode()
    assert mine.tracking in page and other.tracking not in page and "+8613800138000" in page
    kept = client.get("/own/data.json").json()
    assert kept["account"]["phone"] == "+8613800138000" and [one["tracking_code"] for one in kept["reports"]] == [mine.tracking]
    codes = client.post("/own/anonymous").content.decode()
    assert mine.tracking in codes and Report.objects.get(code=mine.tracking).anonymous
    assert not Report.objects.get(code=other.tracking).anonymous
    assert mine.tracking not in client.get("/own").content.decode()


def test_leaving_signs_out_and_shows_the_codes_once(client: Client, town: Community, resident: User) -> None:
    mine = report(town, contact=Contact(phone="13800138000"), anonymous=False)
    assert mine.tracking in client.post("/own/leave").content.decode()
    assert not User.objects.filter(pk=resident.pk).exists() and Report.objects.get().contact is None
    assert client.get("/own").status_code == 302


def test_whoever_signed_in_need_not_type_the_number_again(client: Client, town: Community, resident: User) -> None:
    one = report(town, grid=1)
    for page in ("/report", f"/matters/{one.code}"):
        assert 'value="+8613800138000"' in client.get(page).content.decode()
    lon, lat = town.point(0)
    form = {"key": "k", "lon": lon, "lat": lat, "text": "堵住了", "class_code": "E-0401", "who": "named", "phone": "+8613800138000"}
    client.post("/report", form)
    mine = Report.objects.get(user=resident)
    assert not mine.anonymous and mine.code in client.get("/own").content.decode()
    assert "+8613800138000" not in Client().get("/report").content.decode()
