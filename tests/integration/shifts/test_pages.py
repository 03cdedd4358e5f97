"""The roster board of captains, a volunteer's own shifts, the private calendar."""

from __future__ import annotations

from pathlib import Path

import icalendar
import pytest
from django.test import Client

from linli.engines.duties.shifts.models import Shift, ShiftPart, ShiftTemplate
from linli.kernel.access.models import User
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.shifts.test_shifts import Patrol, make_patrol


@pytest.fixture
def patrol(db: None, tmp_path: Path) -> Patrol:
    made = make_patrol(tmp_path)
    with write():
        set_clock(to=MONDAY)
    return made


def browser(name: str = "") -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    if name:
        client.force_login(User.objects.get(username=name))
    return client


def said(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_a_captain_lays_out_proposes_changes_and_publishes(patrol: Patrol) -> None:
    ann, bob = browser("ann"), browser("bob")
    at = "/console/teams/night/roster"
    assert bob.get(at).status_code == 403 and browser().get(at).status_code == 302 and ann.get(f"{at}?week=then").status_code == 404
    given = {"act": "template", "week": "2026-03-02", "name_zh": "夜巡", "weekdays": ["1", "3"], "begins": "20:00", "minutes": "240", "least": "2", "most": "3"}
    assert ann.post(f"{at}/change", {**given, "least": "9"}).status_code == 400
    assert bob.post(f"{at}/change", given).status_code == 403
    assert "Laid out" in said(ann.post(f"{at}/change", given, follow=True))
    page = said(ann.get(f"{at}?week=2026-03-05"))
    assert "fewer or more people" in page and "00:00–24:00" in page and "Night watch" in page
    first, second = Shift.objects.order_by("starts_at")[:2]
    week = {"week": "2026-03-02", "shift": [str(first.id), str(second.id)]}
    proposed = said(ann.post(f"{at}/change", {**week, "act": "propose"}))
    assert "keeps to every rule" in proposed and "fewer or more people" not in proposed and not ShiftPart.objects.exists()
    people = {name: str(actor.person_id) for name, actor in patrol.people.items()}
    alone = {f"in-{first.id}": [people["dan"]], f"in-{second.id}": [people["ann"], people["bob"]]}
    looked = said(ann.post(f"{at}/change", {**week, **alone, "act": "check"}))
    assert "somebody alone at night: Dan" in looked and not ShiftPart.objects.exists()
    crowd = {f"in-{first.id}": list(people.values())}
    assert "at most 3 people" in said(ann.post(f"{at}/change", {**week, **crowd, "act": "publish"}))
    assert "3 places changed" in said(ann.post(f"{at}/change", {**week, **alone, "act": "publish"}, follow=True))
    assert bob.post(f"{at}/change", {**week, "act": "publish"}).status_code == 403
    assert "Called off" in said(ann.post(f"{at}/change", {"week": "2026-03-02", "act": "call_off", "shift": str(second.id)}, follow=True))
    ended = ann.post(f"{at}/change", {"week": "2026-03-02", "act": "end", "template": str(ShiftTemplate.objects.get().id)}, follow=True)
    assert "ends today" in said(ended)
    assert ann.post(f"{at}/change", {"act": "nothing"}).status_code == 404
    Shift.objects.all().update(called_off_at=None)
    Shift.objects.all().update(least=4, most=4)
    assert "No roster keeps to every rule" in said(ann.post(f"{at}/change", {**week, "act": "propose"}))


def test_a_volunteer_signs_up_swaps_and_subscribes(patrol: Patrol) -> None:
    patrol.lay(most=1)
    shift = patrol.shifts()[0]
    bob, cid, dan = browser("bob"), browser("cid"), browser("dan")
    at = f"/volunteer/shifts/{shift.id}"
    assert browser().post(f"{at}/sign").status_code == 302 and not ShiftPart.objects.exists()
    assert "You are in." in said(bob.post(f"{at}/sign", follow=True))
    assert "waiting list" in said(cid.post(f"{at}/sign", follow=True))
    assert dan.post(f"{at}/sign").status_code == 403 and cid.post(f"{at}/nothing").status_code == 404
    assert "Offered" in said(bob.post(f"{at}/offer", follow=True))
    part = ShiftPart.objects.get(person_id=patrol.people["bob"].person_id)
    assert "You took it over" in said(cid.post(f"{at}/take", {"part": part.id}, follow=True))
    assert bob.post(f"{at}/leave").status_code == 409
    page = said(cid.get("/volunteer/shifts"))
    assert "signed up" in page and "Night walk" in page and "Shifts behind you" in page
    made = said(cid.post("/volunteer/feed"))
    address = made[made.index("/volunteer/calendar/") :].partition(".ics")[0] + ".ics"
    (event,) = icalendar.Calendar.from_ical(browser().get(address).content).walk("VEVENT")
    assert (event["summary"], event["status"], event["dtstart"].dt) == ("Night walk · Night watch", "CONFIRMED", shift.starts_at)
    (gone,) = icalendar.Calendar.from_ical(browser().get(feed_of(bob)).content).walk("VEVENT")
    assert gone["status"] == "CANCELLED"
    cid.post("/volunteer/feed", {"end": "1"})
    assert browser().get(address).status_code == 404
    assert browser().get("/volunteer/calendar/guessed.ics").status_code == 404


def feed_of(client: Client) -> str:
    page = said(client.post("/volunteer/feed"))
    return page[page.index("/volunteer/calendar/") :].partition(".ics")[0] + ".ics"
