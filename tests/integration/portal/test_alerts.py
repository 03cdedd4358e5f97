"""Alerts and the feed over HTTP: what is taken, what is refused, what never leaves."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from linli.kernel.clock.services import set_clock
from linli.kernel.notices.models import Notice, Subscription
from linli.kernel.notices.rules import Channel
from linli.kernel.notices.services import channels
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, report
from tests.integration.notices.browsers import PushBrowser
from tests.integration.notices.made import Recorder

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def town(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Community:
    settings.PUBLIC_URL = "https://linli.example.org"
    settings.PUSH_SERVICES = ["push.example.org"]
    monkeypatch.setitem(channels.ADAPTERS, Channel.EMAIL, Recorder())
    with write():
        set_clock(to=MONDAY)
    return community()


def ask(client: Client, town: Community, **given: str) -> Any:
    return client.post("/alerts", {"area": town.grids[0].code, "email": "a@example.org", **given})


def test_a_mail_asks_and_its_link_leads_to_our_own_address_whatever_the_browser_said(client: Client, town: Community) -> None:
    answer = client.post("/alerts", {"area": town.grids[0].code, "email": "a@example.org"}, headers={"host": "evil.example.org"})
    assert answer.status_code == 200 and "a@example.org" in answer.content.decode()
    body = Notice.objects.get().body
    assert "https://linli.example.org/alerts/" in body and "evil" not in body


@pytest.mark.parametrize(
    ("wrong", "status"), [({"area": "nowhere"}, 400), ({"area": ""}, 400), ({"email": "x"}, 400), ({"email": ""}, 400), ({"push": "{}", "email": ""}, 400)]
)
def test_what_is_wrong_is_said_and_nothing_is_kept(client: Client, town: Community, wrong: dict[str, str], status: int) -> None:
    assert ask(client, town, **wrong).status_code == status
    assert not Subscription.objects.exists() and not Notice.objects.exists()


def test_nobodys_mailbox_is_flooded(client: Client, town: Community) -> None:
    codes = [grid.code for grid in town.grids[:7]]
    answers = [client.post("/alerts", {"area": code, "email": "a@example.org"}).status_code for code in codes]
    assert answers == [200] * 5 + [429] * 2 and Notice.objects.count() == 5


def test_a_way_that_is_not_set_up_is_not_offered_and_refused(client: Client, town: Community, settings: Any) -> None:
    settings.PUBLIC_URL, settings.PUSH_SERVICES = "", []
    page = client.get(f"/alerts?area={town.grids[0].code}").content.decode()
    assert 'name="email"' not in page and "data-push" not in page.replace("data-push-mine", "") and "matters.atom" in page
    assert ask(client, town).status_code == 404


def test_opening_the_link_changes_nothing_and_a_wrong_one_opens_nothing(client: Client, town: Community) -> None:
    ask(client, town)
    made = Subscription.objects.get()
    link = Notice.objects.get().body.rpartition("https://linli.example.org")[2].strip()
    assert client.get(link).status_code == 200 and Subscription.objects.get().confirmed_at is None
    assert client.get(f"/alerts/{made.id}/{'0' * 32}").status_code == 404
    assert client.post(f"/alerts/{made.id}/{'0' * 32}", {"do": "end"}).status_code == 404
    client.post(link, {"do": "confirm"})
    assert Subscription.objects.get().confirmed_at is not None
    client.post(link, {"do": "end"})
    assert not Subscription.objects.exists()


def test_a_browser_learns_its_own_alerts_and_no_others(client: Client, town: Community) -> None:
    mine, other = PushBrowser("https://push.example.org/1"), PushBrowser("https://push.example.org/2")
    assert ask(client, town, push=mine.address, email="").status_code == 302
    assert "/alerts/" in client.post("/alerts/mine", {"push": mine.address}).content.decode()
    for address in (other.address, "", "nonsense"):
        assert "/alerts/" not in client.post("/alerts/mine", {"push": address}).content.decode()


def test_the_feed_holds_the_public_matters_of_its_area_in_its_language(client: Client, town: Community) -> None:
    here = report(town, text="三轮车堵住通道")
    there = report(town, grid=len(town.grids) - 1)
    feed = client.get(f"/matters.atom?area={town.streets[0].code}&language=en")
    assert feed["Content-Type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(feed.content)
    links = [entry.find("a:link", ATOM).attrib["href"] for entry in root.findall("a:entry", ATOM)]  # type: ignore[union-attr]
    assert links == [f"https://linli.example.org/matters/{here.code}"] and there.code not in feed.content.decode()
    assert here.tracking not in feed.content.decode() and root.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "en"
    assert client.get("/matters.atom?language=xx&area=nowhere").status_code == 200


def test_an_area_is_found_by_its_name_and_one_that_is_not_known_is_said(client: Client, town: Community) -> None:
    street = town.streets[0]
    assert f"?area={street.code}" in client.get("/alerts", {"near": street.names["zh"]}).content.decode()
    assert 'class="chip"' not in client.get("/alerts", {"near": "绝无此处"}).content.decode()


def test_the_worker_is_a_script_of_its_own_address(client: Client, town: Community) -> None:
    answer = client.get("/alerts/worker.js")
    assert answer["Content-Type"].startswith("text/javascript") and b"showNotification" in answer.content
