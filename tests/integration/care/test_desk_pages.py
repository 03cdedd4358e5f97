"""The care desk in a browser's eyes: for care workers only, names in a case only, each reading written down."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from linli.directory.devices.models import Device
from linli.directory.devices.services import NewDevice, raise_alarm, register_devices
from linli.directory.territory.services.moving import follow_areas
from linli.domains.care.models import CareCase, CareRead, GlassBreak
from linli.domains.care.services.reading import break_glass
from linli.engines.duties.models import SubjectRecord
from linli.engines.matters.models import Matter
from linli.kernel.access.rules import SYSTEM
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.models import Notice
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import NAME, PHONE, PLAN, TODAY, Desk, Town


def filled(town: Town, **changes: str) -> dict[str, str]:
    return {
        "name": NAME, "phone": PHONE, "plan": PLAN, "goals": "按时服药\n+ 认识邻居", "area": str(town.town.grids[0].id), "post": str(town.town.head("grid").id),
        "purpose": "living_alone", "basis": "consent", "consent_how": "paper", "consent_given_on": str(TODAY), "level": "weekly",
        "consent_until": str(TODAY + timedelta(days=300)), "review_on": str(TODAY + timedelta(days=60)), "ends_on": str(TODAY + timedelta(days=300)), **changes,
    }  # fmt: skip


def test_a_case_from_opening_to_erasure(town: Town, desk: Desk) -> None:
    worker = desk("grid")
    said = worker.post("/console/care/open", filled(town, consent_how=""))
    assert said.status_code == 400 and "neither" in said.content.decode()
    assert worker.post("/console/care/open", filled(town, level="red")).status_code == 400
    opened = worker.post("/console/care/open", filled(town), follow=True)
    case = CareCase.objects.get()
    page = opened.content.decode()
    assert opened.status_code == 200 and NAME in page and PLAN in page and "answers for the case" in page
    desk_page = worker.get("/console/care").content.decode()
    assert case.label in desk_page and NAME not in desk_page and "Care desk" in desk_page
    at = f"/console/care/{case.label}"
    for act, given, shown in (
        ("note", {"text": "女儿来过"}, "女儿来过"),
        ("level", {"level": "monthly"}, "Every month"),
        ("review", {"next_on": str(TODAY + timedelta(days=30))}, "Written down."),
        ("plan", {"name": NAME, "phone": "", "plan": "换成每月", "goals": ""}, "换成每月"),
        ("renew", {"ends_on": str(TODAY + timedelta(days=350)), "review_on": str(TODAY + timedelta(days=30)), "consent_until": str(TODAY + timedelta(days=350)),
                   "consent_how": "online"}, "Written down."),
    ):  # fmt: skip
        done = worker.post(f"{at}/{act}", given, follow=True)
        assert done.status_code == 200 and shown in done.content.decode(), act
    assert worker.post(f"{at}/note", {"text": ""}).status_code == 400
    assert worker.post(f"{at}/helper", {"number": "nobody"}).status_code == 404
    assert worker.post(f"{at}/close", {"ending": "duty_ended"}).status_code == 400
    handed = worker.post(f"{at}/export").json()
    assert (handed["told"]["name"] == NAME and handed["readings"][-1]["what"] == "handed out") or handed["readings"][-1]["what"] == "export"
    assert handed["readings"][0]["reader"] == "grid0"
    assert worker.post(f"{at}/erase", follow=True).status_code == 200
    assert worker.get(at).status_code == 404 and CareCase.objects.get().sealed is None


def test_who_is_no_care_worker_finds_no_desk(town: Town, desk: Desk) -> None:
    town.case()
    label = CareCase.objects.get().label
    member, stranger = desk(role="grid_member"), Client(HTTP_ACCEPT_LANGUAGE="en")
    for client, refused in ((member, 403), (stranger, 302)):
        for address in ("/console/care", "/console/care/open", f"/console/care/{label}"):
            assert client.get(address).status_code == refused, address
        for address in ("find", f"{label}/glass", f"{label}/export", f"{label}/erase", f"{label}/note"):
            assert client.post(f"/console/care/{address}").status_code == refused, address
    assert "/console/care" not in member.get("/console/notices").content.decode()
    assert not CareRead.objects.exists()


def test_a_colleague_is_asked_why_and_the_reading_is_reviewed(town: Town, desk: Desk) -> None:
    town.case()
    label = CareCase.objects.get().label
    colleague = desk(role="grid_head")
    found = colleague.post("/console/care/find", {"asked": PHONE})
    assert label in found.content.decode() and NAME not in found.content.decode()
    asked = colleague.get(f"/console/care/{label}")
    assert asked.status_code == 403 and "Break the glass" in asked.content.decode() and NAME not in asked.content.decode()
    assert colleague.post(f"/console/care/{label}/glass", {"reason": "urgent"}).status_code == 400
    shown = colleague.post(f"/console/care/{label}/glass", {"reason": "does not answer the door since noon"}, follow=True)
    assert NAME in shown.content.decode() and "Change plan" not in shown.content.decode()
    assert colleague.post(f"/console/care/{label}/export").status_code == 403
    assert colleague.post(f"/console/care/{label}/level", {"level": "monthly"}).status_code == 403
    reviewer = desk("street")
    waiting = reviewer.get("/console/care").content.decode()
    assert "does not answer the door since noon" in waiting and NAME not in waiting
    assert reviewer.get(f"/console/care/{label}").status_code == 403
    reviewed = reviewer.post(f"/console/care/glass/{GlassBreak.objects.get().id}", {"justified": "no"}, follow=True)
    assert "Nothing waits." in reviewed.content.decode()
    assert colleague.get(f"/console/care/{label}").status_code == 403


def test_devices_are_seen_by_those_who_may(town: Town, desk: Desk) -> None:
    with write():
        names = {"zh": "一号铃", "en": "Bell one"}
        register_devices(actor=SYSTEM, at=MONDAY, devices=[NewDevice("bell-1", "care_bell", names, town.town.grids[0].code)])
        raise_alarm(actor=SYSTEM, at=MONDAY, device="bell-1", happened_at=MONDAY)
    while dispatch_once():
        pass
    page = desk("street").get("/console/devices").content.decode()
    assert "Bell one" in page and Matter.objects.get().code in page
    assert desk(role="grid_member").get("/console/devices").status_code == 403


def test_whoever_answers_for_a_case_hears_that_somebody_read_it_in_need(town: Town) -> None:
    case_id = town.case()
    with write():
        break_glass(actor=town.colleague(), at=MONDAY, case_id=case_id, reason="不应门，需要联系家属")
    while dispatch_once():
        pass
    notice = Notice.objects.get(template="care.read_in_need")
    assert CareCase.objects.get().label in notice.subject + notice.body and "不应门" not in notice.body
    assert notice.recipient == f"person:{town.worker().person_id}"


def test_cases_devices_and_teams_go_with_their_area(town: Town) -> None:
    town.case()
    with write():
        register_devices(actor=SYSTEM, at=MONDAY, devices=[NewDevice("smoke-1", "smoke", {"zh": "烟", "en": "Smoke"}, town.town.grids[0].code)])
    subjects = SubjectRecord.objects.count()
    assert subjects
    for model in (CareCase, Device, SubjectRecord):
        model.objects.update(area_path="gone/")
    assert follow_areas(old_paths=["gone/"]) == 2 + subjects and follow_areas(old_paths=["gone/"]) == 0
    for model in (CareCase, Device, SubjectRecord):
        assert set(model.objects.values_list("area_path", flat=True)) == {town.town.grids[0].path}
