"""The public list, map, pages and tracking over HTTP."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act, only
from linli.insight.tasks import rebuild_figures
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, person, report

HOUR = timedelta(hours=1)


@pytest.fixture
def town(db: None) -> Community:
    with write():
        set_clock(to=MONDAY + HOUR)
    return community()


def do(matter_id, verb: Verb, **more) -> None:
    with write():
        only(act([Command(matter_id=matter_id, verb=verb, at=MONDAY + HOUR / 2, **more)], actor=more.pop("actor", SYSTEM)))


def queries(client: Client, path: str) -> int:
    client.get(path)  # what is remembered (policy, frame, zone) is read once
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", ["/", "/matters?state=all", "/matters?state=all&q=消防", "/matters/points?bbox=119,38,120,39&zoom=17", "/figures"])
def test_the_number_of_queries_does_not_grow_with_the_matters(client: Client, town: Community, path: str) -> None:
    report(town, grid=0)
    few = queries(client, path)
    for number in range(19):
        report(town, grid=number, at=MONDAY - number * HOUR)
    assert queries(client, path) == few


def test_the_list_holds_public_ones_only_and_filters(client: Client, town: Community) -> None:
    lane = report(town, grid=0, text="占用消防通道")
    cover = report(town, grid=20, class_code="C-0101", condition="noisy", text="井盖响")
    quarrel = report(town, class_code="D-0101", text="楼上半夜吵")
    do(cover.matter_id, Verb.SOLVE, text="已垫平")

    def codes(query: str) -> set[str]:
        return {matter.code for matter, _clock in client.get(f"/matters?{query}").context["matters"]}

    assert codes("") == {lane.code}
    assert codes("state=closed") == {cover.code}
    assert codes("state=all") == {lane.code, cover.code}
    assert codes("state=all&kind=component") == {cover.code}
    assert codes("state=all&class_code=E-0401") == {lane.code}
    assert codes(f"state=all&area={town.grids[0].code}") == {lane.code}
    assert codes("state=all&q=井盖响") == codes("state=all&q=manhole") == {cover.code}
    assert codes(f"state=all&q={lane.code.lower()}") == {lane.code}
    assert codes("state=all&q=半夜吵") == set()
    assert codes("state=nonsense&kind=nonsense&area=nonsense&before=nonsense&box=1,2") == {lane.code}
    said = client.get("/matters?state=all").content.decode()
    assert quarrel.code not in said and "半夜" not in said


def test_pages_follow_each_other_without_gap_or_repetition(client: Client, town: Community) -> None:
    for number in range(45):
        report(town, grid=number % 24, at=MONDAY - (number // 2) * HOUR)  # two at each moment
    seen, path = [], "/matters"
    while path:
        page = client.get(path)
        seen += [matter.code for matter, _clock in page.context["matters"]]
        path = f"/matters{page.context['next']}" if page.context["next"] else ""
    assert len(seen) == len(set(seen)) == 45


def test_points_tell_groups_and_single_ones_with_the_square_only(client: Client, town: Community) -> None:
    lone, _one, _two = report(town, grid=0), report(town, grid=20), report(town, grid=20)
    report(town, grid=5, class_code="D-0101", text="楼上半夜吵")
    found = client.get("/matters/points?bbox=119,38,120,39&zoom=18").json()["features"]
    assert sorted(feature["properties"]["count"] for feature in found) == [1, 2]
    single = next(feature for feature in found if feature["properties"]["count"] == 1)
    assert single["properties"]["url"] == f"/matters/{lone.code}"
    lon, lat = single["geometry"]["coordinates"]
    assert (lon, lat) != town.point(0) and round(lon * 1000) % 2 == 1
    several = next(feature for feature in found if feature["properties"]["count"] == 2)
    assert len(client.get(several["properties"]["url"]).context["matters"]) == 2
    assert client.get("/matters/points?bbox=1,1,2,2&zoom=18").json()["features"] == []


@pytest.mark.parametrize("query", ["", "bbox=1,2,3&zoom=3", "bbox=a,b,c,d&zoom=3", "bbox=1,1,2,2&zoom=99", "bbox=1,1,2,2&zoom=x", "bbox=nan,1,2,2&zoom=3"])
def test_a_bad_window_is_refused(client: Client, town: Community, query: str) -> None:
    assert client.get(f"/matters/points?{query}", headers={"Accept": "application/json"}).status_code == 400


def test_outlines_are_kept_until_something_changes(client: Client, town: Community) -> None:
    first = client.get("/areas.json?level=street,grid")
    kinds = [feature["properties"]["level"] for feature in first.json()["features"]]
    assert set(kinds) == {1, 3} and len(kinds) == 26
    again = client.get("/areas.json?level=street,grid", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    with write():
        set_clock(to=MONDAY + 2 * HOUR)  # moves the configuration's epoch
    assert client.get("/areas.json?level=street,grid", headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert client.get("/areas.json?level=nonsense").json()["features"] == []


def test_a_public_page_names_no_reporter(client: Client, town: Community) -> None:
    receipt = report(town, text="我电话13800000000，通道被堵", contact=Contact("王芳", "13800000000", ""), anonymous=False, address="3号楼201室")
    said = client.get(f"/matters/{receipt.code}").content.decode()
    assert "通道被堵" in said
    assert not [kept for kept in ("13800000000", "王芳", "201室", receipt.tracking) if kept in said]


# -- tracking -------------------------------------------------------------------------------------------------------------


def test_a_code_is_found_however_it_is_typed(client: Client, town: Community) -> None:
    code = report(town).tracking
    assert client.get("/track", {"code": code.lower().replace("-", " ")}).url == f"/track/{code}"
    assert client.get(f"/track/{code.lower()}").url == f"/track/{code}"
    assert client.get(f"/track/{code}").status_code == 200


def test_wrong_codes_are_told_and_then_limited(client: Client, town: Community) -> None:
    code = report(town).tracking
    assert [client.get("/track", {"code": "0000-0000-0000"}).status_code for _ in range(31)] == [404] * 30 + [429]
    assert client.get(f"/track/{code}").status_code == 200  # the right one always opens


def test_a_question_is_answered(client: Client, town: Community) -> None:
    receipt = report(town)
    do(receipt.matter_id, Verb.ASK_REPORTER, text="是哪个门？")
    page = client.get(f"/track/{receipt.tracking}")
    assert "是哪个门？" in page.content.decode() and not page.context["receipt"].question_answered
    assert client.post(f"/track/{receipt.tracking}/answer", {"text": ""}).status_code == 400
    client.post(f"/track/{receipt.tracking}/answer", {"text": "东门"})
    page = client.get(f"/track/{receipt.tracking}")
    assert page.context["receipt"].question_answered and "东门" not in page.content.decode()  # other reporters read the page as well
    assert "是哪个门？" not in client.get(f"/matters/{receipt.code}").content.decode()


def test_rating_before_the_end_is_refused(client: Client, town: Community) -> None:
    receipt = report(town)
    assert client.post(f"/track/{receipt.tracking}/rate", {"stars": "5", "solved": "yes"}).status_code == 409


@pytest.mark.parametrize("given", [{}, {"stars": "6", "solved": "yes"}, {"stars": "3"}, {"stars": "1", "solved": "no"}])
def test_half_a_rating_is_said_beside_the_field(client: Client, town: Community, given: dict[str, str]) -> None:
    receipt = report(town)
    do(receipt.matter_id, Verb.SOLVE, text="好了")
    assert client.post(f"/track/{receipt.tracking}/rate", given).status_code == 400
    assert Report.objects.get().rating is None


def test_few_stars_reopen_and_many_do_not(client: Client, town: Community) -> None:
    receipt = report(town)
    do(receipt.matter_id, Verb.SOLVE, text="好了")
    client.post(f"/track/{receipt.tracking}/rate", {"stars": "4", "solved": "no", "comment": "还差一点"})
    assert Matter.objects.get().state == "closed"
    client.post(f"/track/{receipt.tracking}/rate", {"stars": "1", "solved": "no", "comment": "又堵了"})
    assert Matter.objects.get().closed_at is None


def test_own_data_goes_along_and_a_joiner_does_not_get_the_first_ones_place(client: Client, town: Community) -> None:
    first = report(town, address="石桥花园3号楼", contact=Contact("王芳", "13800000000", "w@example.org"), anonymous=False)
    data = client.get(f"/track/{first.tracking}/data.json").json()
    assert data["contact"] == {"name": "王芳", "phone": "13800000000", "email": "w@example.org"} and data["address"] == "石桥花园3号楼"
    client.post(f"/matters/{first.code}/join", {"key": "j", "who": "anonymous"})
    second = Report.objects.exclude(code=first.tracking).get().code
    data = client.get(f"/track/{second}/data.json").json()
    assert (data["point"], data["address"], data["contact"]) == (None, "", None)
    client.post(f"/track/{first.tracking}/forget")
    assert client.get(f"/track/{first.tracking}/data.json").json()["contact"] is None


def test_changes_need_a_form_of_ours(town: Community) -> None:
    strict = Client(enforce_csrf_checks=True)
    receipt = report(town)
    for path in ("rate", "answer", "forget"):
        assert strict.post(f"/track/{receipt.tracking}/{path}").status_code == 403
        assert strict.get(f"/track/{receipt.tracking}/{path}").status_code == 405
    assert strict.post("/report", {}).status_code == 403


# -- the rest -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/report", "/matters", "/track", "/figures", "/help", "/alerts", "/services", "/matters.atom", "/linli.webmanifest"])
def test_an_empty_installation_says_so_and_does_not_break(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_one_square_of_the_map_lists_what_is_in_it(client: Client, town: Community) -> None:
    here, there = report(town), report(town, grid=len(town.grids) - 1)
    lon, lat = town.point(0)
    page = client.get("/matters", {"box": f"{lon - 0.0005},{lat - 0.0005},{lon + 0.0005},{lat + 0.0005}"}).content.decode()
    assert here.code in page and there.code not in page
    wide = client.get("/matters", {"box": f"{lon - 1},{lat - 1},{lon + 1},{lat + 1}"}).content.decode()
    assert here.code in wide and there.code in wide


def test_figures_of_another_month_and_of_an_area(client: Client, town: Community) -> None:
    report(town, at=MONDAY - timedelta(days=20))
    report(town, grid=len(town.grids) - 1, at=MONDAY - timedelta(days=20))
    with write():
        set_clock(to=MONDAY)
    rebuild_figures()
    here, there = town.streets[0], town.streets[-1]
    now_page, before = client.get("/figures?month=2026-03"), client.get("/figures?month=2026-02")
    assert now_page.context["month"].figures.counts.reported == 0 and now_page.context["overdue"] == 2  # still open, and late
    assert before.context["month"].figures.counts.reported == 2 and before.context["after"] is not None
    street = client.get(f"/figures?month=2026-02&area={here.code}")
    assert street.context["month"].figures.counts.reported == 1 and street.context["overdue"] == 1 and there.names["zh"] not in street.content.decode()
    for nonsense in ("?month=2026-13", "?month=1066-10", "?month=2099-01", "?area=nowhere", "?month=x&area=%00"):
        answer = client.get(f"/figures{nonsense}")
        assert answer.status_code == 200 and answer.context["month"] == client.get("/figures").context["month"]


def test_the_first_days_of_a_month_show_the_month_before_until_something_is_reported(client: Client, town: Community) -> None:
    report(town, at=MONDAY - timedelta(days=20))
    with write():
        set_clock(to=MONDAY)
    rebuild_figures()
    for path in ("/", "/figures"):
        month = client.get(path).context["month"]
        assert not month.current and month.since == date(2026, 2, 1) and month.figures.counts.reported == 1
    report(town, at=MONDAY - timedelta(hours=1))
    rebuild_figures()
    for path in ("/", "/figures"):
        month = client.get(path).context["month"]
        assert month.current and month.figures.counts.reported == 1


def test_times_are_the_communitys(client: Client, town: Community) -> None:
    receipt = report(town)
    assert "2026年3月2日 09:00" in client.get(f"/matters/{receipt.code}").content.decode()
    english = client.get(f"/matters/{receipt.code}", headers={"Accept-Language": "en"})
    assert "2 Mar 2026, 09:00" in english.content.decode()


@pytest.mark.django_db
def test_pages_for_what_goes_wrong(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = client.get("/nothing-here")
    assert missing.status_code == 404 and 'data-skin="portal"' in missing.content.decode()

    def broken(**_given: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("linli.interfaces.portal.home.offers", broken)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500 and 'data-skin="portal"' in answer.content.decode()


def test_static_files_are_kept_for_ever_and_their_address_changes_with_them(tmp_path, client: Client, db: None) -> None:
    from linli.config.assets import static_digest

    (tmp_path / "vendor").mkdir()
    (tmp_path / "a.css").write_text("a{}")
    (tmp_path / "vendor" / "b.js").write_text("1")
    first = static_digest(tmp_path)
    assert static_digest(tmp_path) == first
    (tmp_path / "a.css").write_text("b{}")
    assert static_digest(tmp_path) != first
    address = client.get("/").content.decode().split('rel="stylesheet" href="')[1].split('"')[0]
    kept = client.get(address)
    assert kept.status_code == 200 and "immutable" in kept["Cache-Control"]
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"


def test_staff_sees_the_way_to_the_console(client: Client, town: Community) -> None:
    assert person("street_duty").holds("matters.read")  # the link itself is the shell's
    assert "/console/" not in client.get("/").content.decode()
