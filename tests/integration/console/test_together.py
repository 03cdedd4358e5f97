"""Many matters at once, filters with names, the boards: shown first, done under the version that was seen, refused one by one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.engines.matters.models import Matter, Whistle
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act
from linli.engines.matters.services.frame import frame
from linli.engines.matters.services.whistle import blow_whistle, report_in
from linli.interfaces.console.models import SavedFilter
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, report
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def previewed(client: Client, verb: str, *codes: str, **more: str) -> dict[str, str]:
    """Look at a step for these matters; return the form's hidden fields, ready to be sent."""
    answer = client.post("/console/together", {"verb": verb, "code": codes, **more})
    assert answer.status_code == 200, answer.content[:300]
    return dict(re.findall(r'name="((?:version-|key)[^"]*)" value="([^"]*)"', answer.content.decode()))


def test_looking_changes_nothing_and_sending_does_what_was_shown(town: Community, desk: Desk) -> None:
    codes = [report(town, grid=grid).code for grid in range(2)]
    street = desk("street")
    seen = previewed(street, "escalate", *codes)
    assert set(Matter.objects.values_list("level", flat=True)) == {0}
    refused = street.post("/console/together", {"verb": "escalate", "code": codes, "sure": "1", **seen})
    assert refused.status_code == 400  # sent up without a reason
    street.post("/console/together", {"verb": "escalate", "code": codes, "sure": "1", "reason": "beyond us", **seen})
    assert set(Matter.objects.values_list("level", flat=True)) == {1}


def test_each_goes_to_the_post_suggested_for_it_with_the_reason_told(town: Community, desk: Desk) -> None:
    code = report(town).code
    with write():
        act([Command(Matter.objects.get().id, Verb.FILE, MONDAY)], actor=SYSTEM) if Matter.objects.get().state == "reported" else None
    street = desk("street")
    page = street.post("/console/together", {"verb": "dispatch", "code": [code]}).content.decode()
    assert "in hand" in page and "Clock then" in page
    seen = previewed(street, "dispatch", code)
    street.post("/console/together", {"verb": "dispatch", "code": [code], "sure": "1", **seen})
    assert Matter.objects.get().state == "dispatched" and Matter.objects.get().handler_post_id is not None


def test_what_changed_since_the_preview_is_refused_alone_and_said(town: Community, desk: Desk) -> None:
    first, second = (report(town, grid=grid) for grid in range(2))
    street = desk("street")
    seen = previewed(street, "escalate", first.code, second.code)
    with write():
        act([Command(second.matter_id, Verb.NOTE, MONDAY, text="just now")], actor=SYSTEM)
    sent = {"verb": "escalate", "code": [first.code, second.code], "sure": "1", "reason": "up", **seen}
    told = street.post("/console/together", sent, follow=True).content.decode()
    assert Matter.objects.get(code=first.code).level == 1 and Matter.objects.get(code=second.code).level == 0
    assert f"{second.code}: Somebody changed this matter meanwhile" in told
    street.post("/console/together", sent)  # the same form again does nothing twice
    assert Matter.objects.get(code=first.code).level == 1


def test_what_cannot_be_done_says_why_and_a_grid_sees_no_others(town: Community, desk: Desk) -> None:
    mine, other = report(town, grid=0).code, report(town, grid=1).code
    page = desk("grid").post("/console/together", {"verb": "close", "code": [mine, other]})
    assert page.status_code in (200, 403)
    assert other not in re.sub(r"<input[^>]*>", "", page.content.decode())
    street = desk("street")
    assert "is-refused" in street.post("/console/together", {"verb": "close", "code": [mine]}).content.decode()
    assert street.post("/console/together", {"verb": "redact", "code": [mine]}).status_code == 400
    assert street.post("/console/together", {"verb": "escalate"}).status_code == 302
    assert desk(role="reporter").post("/console/together", {"verb": "escalate", "code": [mine]}).status_code == 403


def test_the_preview_asks_the_database_as_often_for_many_as_for_few(town: Community, desk: Desk) -> None:
    codes = [report(town, grid=number % 5, text=f"{number}").code for number in range(20)]
    street = desk("street")

    def asked(some: list[str]) -> int:
        with CaptureQueriesContext(connection) as queries:
            street.post("/console/together", {"verb": "dispatch", "code": some})
        return len(queries)

    asked(codes[:2])
    assert asked(codes[:2]) == asked(codes)


def test_a_filter_is_kept_under_a_name_replaced_and_forgotten(town: Community, desk: Desk) -> None:
    street = desk("street")
    street.post("/console/filters", {"name": "  my   lamps ", "query": "class=C-0101&view=area"})
    assert SavedFilter.objects.get().name == "my lamps"
    page = street.get("/console/?class=C-0101&view=area&as=my+lamps").content.decode()
    assert "<h1>my lamps</h1>" in page and 'aria-current="true">my lamps' in page
    street.post("/console/filters", {"name": "my lamps", "query": "urgent=1&view=area"})
    assert SavedFilter.objects.get().query == "urgent=1&view=area"
    assert street.post("/console/filters", {"name": "", "query": "view=area"}).status_code == 400
    assert street.post("/console/filters", {"name": "x", "query": "state=asleep"}).status_code == 400
    other = desk("district")
    assert "my lamps" not in other.get("/console/?view=area").content.decode()  # somebody else's own list of filters
    other.post("/console/filters", {"forget": "my lamps"})
    assert SavedFilter.objects.count() == 1
    street.post("/console/filters", {"forget": "my lamps"})
    assert SavedFilter.objects.count() == 0


def test_the_whistle_board_tells_who_has_come_and_who_has_not(town: Community, desk: Desk) -> None:
    receipt = report(town)
    units = [unit for unit in frame().organisation.units if unit.kind == "department"][:2]
    if len(units) < 2:
        pytest.skip("the small playbook has too few departments")
    with write():
        blow_whistle(actor=SYSTEM, at=MONDAY, matter_id=receipt.matter_id, units=[unit.id for unit in units], reason="leak")
    with write():
        report_in(actor=SYSTEM, at=MONDAY, matter_id=receipt.matter_id, unit=units[0].id, answer="on our way")
    street = desk("street")
    waiting = street.get("/console/whistles").content.decode()
    assert receipt.code in waiting and "has not come yet" in waiting and "on our way" not in waiting
    assert "on our way" in street.get("/console/whistles?show=came").content.decode()
    with write():
        set_clock(to=Whistle.objects.get(unit_id=units[1].id).due_at + HOUR)
    assert "has not come, past its time" in street.get("/console/whistles").content.decode()
    assert receipt.code not in desk("grid", 1).get("/console/whistles?show=all").content.decode()


def test_the_call_back_desk_leads_to_the_call_and_on_to_the_next(town: Community, desk: Desk) -> None:
    receipt = report(town)
    Matter.objects.update(state="verified", version=F("version") + 1)  # whatever the playbook drops: what waits for its call is listed
    street = desk("street")
    page = street.get("/console/calls?why=closing").content.decode()
    version = Matter.objects.get().version
    assert receipt.code in page and f'name="version" value="{version}"' in page
    given = {"version": version, "key": "k1", "reached": "yes", "text": "thankful", "next": "/console/calls?why=closing"}
    answer = street.post(f"/console/matters/{receipt.code}/call_back", given)
    assert (answer.status_code, answer.url) == (302, "/console/calls?why=closing")
    assert Matter.objects.get().called_back_at is not None
    assert not street.get("/console/calls?why=closing").context["lines"]
    away = street.post(f"/console/matters/{receipt.code}/note", {"version": version + 1, "key": "k2", "text": "n", "next": "https://elsewhere.example/"})
    assert away.url == f"/console/matters/{receipt.code}"  # never out of the house
    assert desk("grid").get("/console/calls").status_code == 403
