"""Pages of patrols: the captain's desk, a volunteer's round, the code behind the camera, the display, the board, what was covered."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from django.test import Client

from linli.engines.duties.patrols.models import CheckIn, Checkpoint, LoneAlarm, LoneWatch, Miss, Round, Route
from linli.engines.duties.patrols.rules.codes import Shown
from linli.engines.duties.patrols.services.proofs import code_of
from linli.engines.duties.patrols.tasks import forget, sweep_signs, sweep_slots
from linli.interfaces.cli.main import main
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.patrols.made import HOUR, MINUTE, TAG, Beaten, beaten_town, seeing

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(tmp_path: Path) -> Beaten:
    made = beaten_town(tmp_path)
    made.sign("bob")
    return made


def browser(name: str = "") -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    if name:
        client.force_login(User.objects.get(username=name))
    return client


def desk() -> Client:
    """Somebody of the street who may see and manage patrols."""
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="desk", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role="street_duty", area_path="")
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def clock(at: datetime) -> None:
    with write():
        set_clock(to=at)


def said(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_a_volunteer_walks_by_tapping(town: Beaten) -> None:
    bob, cid, starts = browser("bob"), browser("cid"), town.shift().starts_at
    assert "Nothing to be walked just now" in said(bob.get("/volunteer/patrol"))
    assert browser().get("/volunteer/patrol").status_code == 302
    clock(starts + MINUTE)
    page = said(bob.get("/volunteer/patrol"))
    assert "Set out: East bank" in page and "Out alone?" in page
    assert "Nothing to be walked just now" in said(cid.get("/volunteer/patrol"))
    assert "in a shift of its team" in said(cid.post("/volunteer/patrol/start", {"route": town.route, "key": "k"})) and not Round.objects.exists()
    assert "on your round" in said(bob.post("/volunteer/patrol/start", {"route": town.route, "key": "k"}, follow=True))
    assert "I am well" in said(bob.get("/volunteer/patrol")) and LoneWatch.objects.count() == 1  # alone in the shift
    assert "next sign is expected by 20:31" in said(bob.post("/volunteer/patrol/well", follow=True))
    letters = code_of(town.spot("Guard room"), starts + MINUTE).short
    assert "counts, in slot 1" in said(bob.post("/volunteer/patrol/check", {"code": letters.lower(), "key": "a"}, follow=True))
    river = town.spot("River bank")
    for place, words in (
        ({}, "let the phone say"),
        ({"lon": river.lon + 1, "lat": river.lat}, "not near"),
        ({"lon": "here", "lat": "x"}, "not a place on Earth"),
    ):
        answer = bob.post("/volunteer/patrol/check", {"checkpoint": river.id, "key": "b", **place})
        assert words in said(answer) and answer.status_code in (400, 409)
    assert "slot 1" in said(bob.post("/volunteer/patrol/check", {"checkpoint": river.id, "key": "b", "lon": river.lon, "lat": river.lat}, follow=True))
    assert "2 of 4 met" in said(bob.get("/volunteer/patrol"))
    assert bob.post("/volunteer/patrol/fly").status_code == bob.post("/volunteer/patrol/start", {"route": "x"}).status_code == 404
    assert "5 to 240 minutes" in said(bob.post("/volunteer/patrol/watch", {"team": town.team, "minutes": "1"}))
    assert "waits for your signs" in said(bob.post("/volunteer/patrol/watch", {"team": town.team, "minutes": "20"}, follow=True))
    assert "You are back" in said(bob.post("/volunteer/patrol/finish", follow=True))
    assert "Nobody waits" in said(bob.post("/volunteer/patrol/well")) and "on no round" in said(bob.post("/volunteer/patrol/finish"))


def test_the_camera_leads_to_one_button_after_signing_in(town: Beaten) -> None:
    at = town.shift().starts_at + 5 * MINUTE
    clock(at)
    address = f"/volunteer/at/{code_of(town.spot('East gate'), at).token}"
    nobody = browser().get(address)
    assert nobody.status_code == 302 and nobody.headers["Location"].endswith(f"next={address}")
    bob = browser("bob")
    page = said(bob.get(address))
    assert "East gate" in page and "I am here" in page and not CheckIn.objects.exists()  # looking is no check-in
    given = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("key", "code")}  # type: ignore[index]
    for _again in range(2):
        assert "counts, in slot 1" in said(bob.post("/volunteer/patrol/check", {**given, "scanned": "1"}, follow=True))
    assert CheckIn.objects.count() == Round.objects.count() == 1
    late = bob.post("/volunteer/patrol/check", {**given, "key": "other", "scanned": "1"})
    assert late.status_code == 409 and "counts once a slot" in said(late)
    clock(at + HOUR * 24 * 9)
    assert "a photograph of an old one does not count" in said(bob.get(address))
    clock(at + MINUTE)
    assert "in a shift of its team" in said(browser("cid").get(address))
    assert "no code of a checkpoint" in said(bob.get("/volunteer/at/nonsense")) and "hexadecimal" in said(bob.get("/volunteer/tag/nonsense"))
    tag = said(bob.get(f"/volunteer/tag/{TAG}x000001"))
    assert "Pump room" in tag and f'value="{TAG}x000001"' in tag
    assert "slot 1" in said(bob.post("/volunteer/patrol/check", {"tag": f"{TAG}x000001", "key": "t", "scanned": "1"}, follow=True))


def test_a_display_shows_the_code_of_the_moment(town: Beaten) -> None:
    ann, room = browser("ann"), town.spot("Guard room")
    change = f"/console/patrols/routes/{town.route}/change"
    assert browser("bob").post(change, {"act": "display", "checkpoint": room.id}).status_code == 403
    page = said(ann.post(change, {"act": "display", "checkpoint": room.id}))
    address = re.search(r"http://testserver(/volunteer/display/[\w-]+)", page)[1]  # type: ignore[index]
    clock(MONDAY)
    shown = browser().get(address)
    first, left = code_of(room, MONDAY), int(shown.headers["Refresh"])
    assert shown.status_code == 200 and first.short in said(shown) and 5 <= left <= 301
    clock(first.ends)
    assert first.short not in said(browser().get(address))
    ann.post(change, {"act": "display", "checkpoint": room.id})
    assert browser().get(address).status_code == browser().get("/volunteer/display/x").status_code == 404


def test_a_captain_makes_a_route_and_prints_its_codes(town: Beaten) -> None:
    ann, bob = browser("ann"), browser("bob")
    make = "/console/teams/night/patrol/make"
    assert bob.get(make).status_code == 403 and ann.get("/console/teams/none/patrol").status_code == 404
    assert ann.post(make, {"name_zh": "西线", "minutes": "5"}).status_code == 400
    assert ann.post(make, {"name_zh": "西线", "name_en": "West", "minutes": "30", "closed": "on"}).status_code == 302
    made = Route.objects.get(names__en="West")
    at = f"/console/patrols/routes/{made.id}"
    lon, lat = town.town.town.point(0)
    spot = {"act": "add", "name_zh": "塔", "name_en": "Tower", "lon": lon, "lat": lat, "shown": "sheet", "radius": "80"}
    assert bob.post(f"{at}/change", spot).status_code == 403
    for wrong, words in (
        ({"lon": "181"}, "not a place on Earth"),
        ({"lon": str(lon + 30)}, "outside the community"),
        ({"radius": "1"}, "greater than or equal to 10"),
    ):
        answer = ann.post(f"{at}/change", {**spot, **wrong})
        assert answer.status_code == 400 and words in said(answer)
    assert ann.post(f"{at}/change", spot).status_code == 302
    assert ann.post(f"{at}/change", {**spot, "name_en": "Well", "lat": lat + 0.001}).status_code == 302
    page = said(ann.get(at))
    assert len(ann.get(f"{at}/points").json()["features"]) == 2 and bob.get(f"{at}/points").status_code == 403
    assert "Tower" in page and "111 m in straight legs" in page
    tower, well = Checkpoint.objects.filter(route=made).order_by("place")
    assert ann.post(f"{at}/change", {"act": "up", "checkpoint": well.id}).status_code == 302
    alter = {"act": "alter", "checkpoint": well.id, "name_zh": "井", "shown": "nfc", "radius": "60"}
    assert "greater than or equal to 10" in said(ann.post(f"{at}/change", {**alter, "radius": "2"})) and ann.post(f"{at}/change", alter).status_code == 302
    assert "8 to 32 hexadecimal digits" in said(ann.post(f"{at}/change", {"act": "tag", "checkpoint": well.id, "tag": "?"}))
    assert "another checkpoint already" in said(ann.post(f"{at}/change", {"act": "tag", "checkpoint": well.id, "tag": TAG}))
    assert ann.post(f"{at}/change", {"act": "tag", "checkpoint": well.id, "tag": "04000001"}).status_code == 302
    sheet, ahead = said(ann.get(f"{at}/codes")), said(ann.get(f"{at}/codes?of=next"))
    now, later = code_of(tower, MONDAY), code_of(tower, MONDAY + HOUR * 24 * 7)
    assert now.short in sheet and later.short in ahead and later.short not in sheet and "<svg" in sheet
    reader = desk()
    assert bob.get(f"{at}/codes").status_code == 403 and browser().get(f"{at}/codes").status_code == 302
    assert reader.get(at).status_code == 403  # this playbook gives the desk no patrols
    for wrong in ({"act": "fly"}, {"act": "up"}, {"act": "up", "checkpoint": "x"}):
        assert ann.post(f"{at}/change", wrong).status_code == 404
    assert ann.post(f"{at}/change", {"act": "off", "checkpoint": tower.id}).status_code == 302
    assert ann.post(f"{at}/change", {"act": "change", "name_zh": "", "minutes": ""}).status_code == 400
    assert ann.post(f"{at}/change", {"act": "change", "name_zh": "西边线", "minutes": ""}).status_code == 302
    assert ann.post(f"{at}/change", {"act": "retire"}).headers["Location"] == "/console/teams/night/patrol"
    assert ann.get(at).status_code == 404 and ann.get(f"/console/patrols/routes/{uuid4()}").status_code == 404


def test_missed_slots_and_silence_are_answered_on_the_page(town: Beaten) -> None:
    ann, bob, starts = browser("ann"), browser("bob"), town.shift().starts_at
    town.meet("bob", "East gate", starts)
    sweep_signs(starts + 31 * MINUTE)
    clock(starts + 32 * MINUTE)
    page = said(ann.get("/console/teams/night/patrol"))
    assert "No sign of Bob" in page and "Last checkpoint: East gate" in page
    assert "told that no sign came" in said(bob.get("/volunteer/patrol"))
    alarm, at = LoneAlarm.objects.get(), "/console/teams/night/patrol/answer"
    assert bob.post(at, {"alarm": alarm.id, "note": "x"}).status_code == 403 and bob.get("/console/teams/night/patrol").status_code == 403
    assert "few words" in said(ann.post(at, {"alarm": alarm.id, "note": ""}))
    assert "Written down" in said(ann.post(at, {"alarm": alarm.id, "note": "电话已通", "still_out": "yes"}, follow=True))
    assert "Bob" in said(ann.get("/console/teams/night/patrol"))
    sweep_slots(starts + 200 * MINUTE)
    clock(starts + 200 * MINUTE)
    page = said(ann.get("/console/teams/night/patrol"))
    assert "1 of 4 checkpoints" in page and "Nobody stands in a shift" in page
    miss = Miss.objects.order_by("slot").first()
    assert "few words" in said(ann.post(at, {"miss": miss.id, "answer": "forgiven", "note": ""}))
    assert ann.post(at, {"miss": miss.id, "answer": "eaten"}).status_code == ann.post(at, {"miss": "x"}).status_code == 404
    assert "Written down" in said(ann.post(at, {"miss": miss.id, "answer": "forgiven", "note": "暴雨"}, follow=True))
    assert "暴雨" in said(ann.get("/console/teams/night/patrol"))
    assert forget(starts) == 0


def test_the_board_and_the_coverage_are_for_those_who_may(tmp_path: Path) -> None:
    town = beaten_town(tmp_path, access=seeing())
    town.sign("bob")
    starts = town.shift().starts_at
    for number, name in enumerate(("East gate", "Guard room")):
        town.meet("bob", name, starts + number * MINUTE)
    sweep_slots(starts + 300 * MINUTE)
    sweep_signs(starts + 300 * MINUTE)
    clock(starts + 215 * MINUTE)  # the same day
    reader = desk()
    for client in (browser("bob"), browser("ann")):
        assert client.get("/console/patrols/missed").status_code == client.get("/console/patrols/coverage").status_code == 403
    board = said(reader.get("/console/patrols/missed?days=1"))
    assert "East bank" in board and "2 of 4 checkpoints" in board
    page = said(reader.get("/console/patrols/coverage"))
    assert "cover-map__walked" in page and "No streets were taken in for this ground" in page and "Streets never walked" not in page and "Left, m" in page
    assert reader.get("/console/patrols/coverage?area=nowhere").status_code == 404
    upper = town.town.town.streets[-1].code
    assert reader.get(f"/console/patrols/coverage?days=30&area={upper}").status_code == 200
    for name, words in (("missed", "East bank"), ("coverage", "Walked, m")):
        for client in (browser("bob"), browser("ann")):
            assert client.get(f"/console/patrols/{name}?format=csv").status_code == 403
        table = b"".join(reader.get(f"/console/patrols/{name}?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
        assert words in table and reader.get(f"/console/patrols/{name}?format=xlsx").content[:2] == b"PK"
    miss = Miss.objects.first()
    answer = reader.post("/console/teams/night/patrol/answer", {"miss": miss.id, "answer": "resolved", "note": "补巡", "back": "board"})
    assert answer.headers["Location"] == "/console/patrols/missed"
    assert "answered already" in said(reader.post("/console/teams/night/patrol/answer", {"miss": miss.id, "answer": "resolved", "note": "x", "back": "board"}))
    assert "Missed slots" in said(reader.get("/console/teams")) and "Patrols" in said(reader.get("/console/teams/night"))
    done = CliRunner().invoke(main, ["duties", "check"])
    assert done.exit_code == 0, done.output


def test_a_phone_sends_what_happened_off_line(town: Beaten) -> None:
    starts = town.shift().starts_at
    later = starts + 12 * HOUR
    clock(later)
    gate, river = town.spot("East gate"), town.spot("River bank")
    first = {"key": "1", "code": code_of(gate, starts).token, "at": (starts + MINUTE).isoformat()}
    place = {"lon": river.lon, "lat": river.lat, "accuracy": 8}
    second = {"key": "2", "checkpoint": str(river.id), "at": (starts + 2 * MINUTE).isoformat(), "position": place}
    early = {**first, "key": "3", "at": (starts - MINUTE).isoformat()}
    body = {"check_ins": [first, second, first, early]}
    assert browser().post("/api/v1/patrols/check-ins", body, content_type="application/json").status_code == 401
    got = browser("bob").post("/api/v1/patrols/check-ins", body, content_type="application/json").json()["check_ins"]
    assert [(one["slot"], one["near"], one["refusal"] and one["refusal"]["code"]) for one in got] == [
        (0, None, None), (0, True, None), (0, None, None), (None, None, "patrols.before_the_shift"),
    ]  # fmt: skip
    assert sorted(CheckIn.objects.values_list("at", flat=True)) == [starts + MINUTE, starts + 2 * MINUTE]
    cid = browser("cid").post("/api/v1/patrols/check-ins", body, content_type="application/json").json()["check_ins"]
    assert {one["refusal"]["code"] for one in cid} == {"patrols.not_on_duty"}
    wrong = browser("bob").post("/api/v1/patrols/check-ins", {"check_ins": [{**first, "lon": 1}]}, content_type="application/json")
    assert wrong.status_code == 400


def test_a_copied_forged_early_or_future_check_in_is_refused_with_the_reason_on_every_way_and_leaves_nothing(town: Beaten) -> None:
    starts, gate, bob = town.shift().starts_at, town.spot("East gate"), browser("bob")
    fresh, copied = code_of(gate, starts).token, code_of(gate, starts - 9 * 24 * HOUR).token
    forged = fresh[:-4] + "AAAA"
    for at, code, words in (
        (starts - 3 * MINUTE, fresh, "shift"),
        (starts + 5 * MINUTE, copied, "a photograph of an old one does not count"),
        (starts + 5 * MINUTE, forged, "no code of a checkpoint"),
    ):
        clock(at)
        for scanned in ({}, {"scanned": "1"}):
            answer = bob.post("/volunteer/patrol/check", {"code": code, "key": f"{words}{scanned}", **scanned})
            assert answer.status_code in (400, 409) and words in said(answer)
    sent = {"copied": (copied, starts), "forged": (forged, starts), "early": (fresh, starts - MINUTE), "future": (fresh, starts + HOUR)}
    body = {"check_ins": [{"key": key, "code": code, "at": at.isoformat()} for key, (code, at) in sent.items()]}
    got = bob.post("/api/v1/patrols/check-ins", body, content_type="application/json").json()["check_ins"]
    assert {one["key"]: one["refusal"]["code"] for one in got} == {
        "copied": "patrols.code_expired", "forged": "patrols.not_a_code", "early": "patrols.before_the_shift", "future": "duties.from_the_future",
    }  # fmt: skip
    assert not CheckIn.objects.exists() and not Round.objects.exists() and not LoneWatch.objects.exists()


def test_how_it_is_shown_is_said(town: Beaten) -> None:
    page = said(browser("ann").get(f"/console/patrols/routes/{town.route}"))
    for words in ("printed code", "code on a display", "NFC tag", "the place alone", "no display yet"):
        assert words in page
    assert {spot.shown for spot in Checkpoint.objects.all()} == {shown.value for shown in Shown}
