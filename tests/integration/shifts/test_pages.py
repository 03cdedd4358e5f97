"""The roster board of captains, a volunteer's own shifts, the private calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
from django.test import Client

from linli.engines.duties.shifts.models import Shift, ShiftMiss, ShiftPart, ShiftTemplate
from linli.engines.duties.shifts.services.presence import arrive
from linli.engines.duties.shifts.tasks import sweep_missing
from linli.kernel.access.models import User
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.integration.shifts.test_shifts import Patrol

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HERE = ZoneInfo("Asia/Shanghai")


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
    assert "signed up" in page and "Night walk" in page and "Shifts you were there for" in page
    made = said(cid.post("/volunteer/feed"))
    address = made[made.index("/volunteer/calendar/") :].partition(".ics")[0] + ".ics"
    (event,) = icalendar.Calendar.from_ical(browser().get(address).content).walk("VEVENT")
    assert (event["summary"], event["status"], event["dtstart"].dt) == ("Night walk · Night watch", "CONFIRMED", shift.starts_at)
    (gone,) = icalendar.Calendar.from_ical(browser().get(feed_of(bob)).content).walk("VEVENT")
    assert gone["status"] == "CANCELLED"
    cid.post("/volunteer/feed", {"end": "1"})
    assert browser().get(address).status_code == 404
    assert browser().get("/volunteer/calendar/guessed.ics").status_code == 404


def clock(at: datetime) -> None:
    with write():
        set_clock(to=at)


def test_a_volunteer_comes_and_goes_by_two_buttons_and_hours_are_those_that_one_was_there(patrol: Patrol) -> None:
    patrol.lay()
    shift = patrol.shifts()[0]
    for name in ("bob", "cid"):
        patrol.sign(name, shift)
    bob, cid, at = browser("bob"), browser("cid"), f"/volunteer/shifts/{shift.id}"
    clock(shift.starts_at - 2 * HOUR)
    assert f"{at}/arrive" not in said(bob.get("/volunteer/shifts")) and bob.post(f"{at}/arrive").status_code == 400
    clock(shift.starts_at)
    assert f"{at}/arrive" in said(bob.get("/volunteer/shifts"))
    assert browser().post(f"{at}/arrive").status_code == 302 and browser("dan").post(f"{at}/arrive").status_code == 409
    assert "You are here" in said(bob.post(f"{at}/arrive", follow=True)) and f"{at}/finish" in said(bob.get("/volunteer/shifts"))
    asked = said(bob.post(f"{at}/finish", follow=True))  # too soon: asked once more, and nothing is taken yet
    assert "Have you finished already?" in asked and 'name="sure"' in asked and part_of(patrol, "bob").left_at is None
    assert 'name="sure"' not in said(bob.get("/volunteer/shifts")) and 'name="sure"' not in said(cid.get(f"/volunteer/shifts?finish={shift.id}"))
    assert browser().post(f"{at}/finish", {"sure": "1"}).status_code == 302 and cid.post(f"{at}/finish").status_code == 409
    clock(shift.ends_at)
    assert 'name="sure"' not in said(bob.get(f"/volunteer/shifts?finish={shift.id}"))
    assert "You have finished" in said(bob.post(f"{at}/finish", follow=True)) and cid.post(f"{at}/finish").status_code == 409
    for client, hours in ((bob, (1, 4.0)), (cid, (0, 0.0))):
        page = client.get("/volunteer/shifts")
        assert "did not come to is not counted" in said(page) and (page.context["count"], round(page.context["hours"], 1)) == hours


def test_who_is_sure_has_finished_before_the_end(patrol: Patrol) -> None:
    patrol.lay()
    shift = patrol.shifts()[0]
    patrol.sign("bob", shift)
    clock(shift.starts_at)
    bob, at = browser("bob"), f"/volunteer/shifts/{shift.id}"
    bob.post(f"{at}/arrive")
    clock(shift.starts_at + HOUR)
    assert "You have finished" in said(bob.post(f"{at}/finish", {"sure": "1"}, follow=True))
    left = part_of(patrol, "bob").left_at
    assert left is not None and left - shift.starts_at < HOUR + MINUTE


def part_of(patrol: Patrol, name: str) -> ShiftPart:
    return ShiftPart.objects.get(person_id=patrol.people[name].person_id)


def test_a_captain_sees_who_is_there_says_it_for_others_and_answers_what_was_missed(patrol: Patrol) -> None:
    patrol.lay(most=3)
    shift = patrol.shifts()[0]
    for name in ("ann", "bob", "cid"):
        patrol.sign(name, shift)
    ann, at, week = browser("ann"), "/console/teams/night/roster", {"week": "2026-03-02"}
    clock(shift.starts_at + 5 * MINUTE)
    with write():
        arrive(actor=patrol.people["ann"], at=shift.starts_at, shift_id=shift.id)
    page = said(ann.get(at))
    assert "not there yet" in page and "map-pin" in page and "1 of 3 there" in said(ann.get("/console/teams/night"))
    bob = {**week, "act": "there", "shift": str(shift.id), "person": str(patrol.people["bob"].person_id)}
    assert browser("cid").post(f"{at}/change", bob).status_code == 403
    assert "Written down" in said(ann.post(f"{at}/change", bob, follow=True))
    went = {**bob, "act": "went"}
    assert 'value="went"' in said(ann.get(at)) and browser("cid").post(f"{at}/change", went).status_code == 403
    assert ann.post(f"{at}/change", {**went, "went_at": "then"}).status_code == 404
    assert "before the arrival" in said(ann.post(f"{at}/change", {**went, "went_at": f"{shift.starts_at.astimezone(HERE):%Y-%m-%dT%H:%M}"}))
    assert "Written down" in said(ann.post(f"{at}/change", went, follow=True))
    clock(shift.starts_at + 30 * MINUTE)
    later = {**went, "went_at": f"{(shift.starts_at + 20 * MINUTE).astimezone(HERE):%Y-%m-%dT%H:%M}"}
    assert "Written down" in said(ann.post(f"{at}/change", later, follow=True))
    assert "It stays as it is" in said(ann.post(f"{at}/change", later, follow=True))
    assert ShiftPart.objects.get(person_id=patrol.people["bob"].person_id).left_at == shift.starts_at + 20 * MINUTE
    sweep_missing(shift.starts_at + HOUR)
    clock(shift.starts_at + HOUR)
    assert "did not come" in said(ann.get(at))
    answer = {**week, "act": "excused", "miss": str(ShiftMiss.objects.get().id)}
    assert browser("cid").post(f"{at}/change", {**answer, "note": "ill"}).status_code == 403
    assert "Say in a few words how it was" in said(ann.post(f"{at}/change", answer))
    assert ann.post(f"{at}/change", {**answer, "act": "came", "note": "x", "came_at": "then"}).status_code == 404
    page = said(ann.post(f"{at}/change", {**answer, "note": "ill, called before"}, follow=True))
    assert "excused" in page and "ill, called before" in page


def feed_of(client: Client) -> str:
    page = said(client.post("/volunteer/feed"))
    return page[page.index("/volunteer/calendar/") :].partition(".ics")[0] + ".ics"
