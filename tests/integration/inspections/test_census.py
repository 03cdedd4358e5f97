"""The census of a place is done when every yearly leaf was written or confirmed this year: counted, shown, and held at its finish."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.engines.duties.inspections.models import Leaf
from linli.engines.duties.inspections.selectors.ledgers import census_left
from linli.engines.duties.inspections.services.leaves import LeafChanged, NoSuchPlace, NothingToConfirm, confirm_leaf
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.forms import BadForm
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.checkin import Command, LedgerLeft, check_in
from linli.kernel.access.rules import Forbidden
from linli.kernel.clock.services import set_clock
from linli.kernel.playbooks.rules.problems import BadPlaybook
from linli.kernel.playbooks.services.load import load_playbook
from linli.kernel.writing import write
from tests.factories import person
from tests.integration.duties.test_evidence import signed
from tests.integration.inspections.made import FISHINGNET, HOUR, MORNING, REGISTERED, Town
from tests.integration.inspections.test_pages import Desk, desk, place

__all__ = ["desk", "place"]
YEAR = timedelta(days=365)


def census(place: Town, ref: Any = None) -> Occurrence:
    return Occurrence.objects.get(rule="census_places", subject__ref=ref or place.hotel, opens_at__lte=MORNING)


def finished(place: Town, at: Any = MORNING + 2 * HOUR) -> Any:
    command = Command((census(place).id,), Verb.FINISH, at, form={"ledger_complete": True}, signature=signed())
    with write():
        (result,) = check_in([command], actor=place.actor(), at=at)
    return result


def confirmed(place: Town, form: str, version: int = 1, *, at: Any = MORNING + HOUR, **more: Any) -> Any:
    with write():
        return confirm_leaf(**{"actor": place.actor(), "at": at, "kind": "place", "place": place.hotel, "form": form, "version": version, **more})


def test_it_is_not_done_while_leaves_are_left_and_says_which(place: Town) -> None:
    refused = finished(place)
    assert isinstance(refused, LedgerLeft) and refused.params["place"] == "福来旅馆"
    assert "场所登记 / Registration" in refused.sentence() and "值守联系人" not in refused.sentence()  # a contact is no part of the census
    assert census(place).state == "open"
    place.write("registration", REGISTERED)
    assert "Registration" not in finished(place).sentence()
    for form in ("staff", "safety_pledge", "fire_pledge"):
        counted = form == "staff"
        place.write(form, {"staff": 3} if counted else {"signed": True, "on": "2026-01-05"}, signature=None if counted else signed())
    assert not isinstance(finished(place), Exception) and census(place).state == "done"


def test_last_years_leaves_are_confirmed_one_by_one_and_their_history_says_so(place: Town) -> None:
    place.census(at=MORNING - YEAR)
    assert len(census_left([census(place).id])[census(place).id].leaves) == 4
    for form in ("registration", "staff", "safety_pledge", "fire_pledge"):
        confirmed(place, form)
    assert census_left([census(place).id])[census(place).id].leaves == ()
    first, second = Leaf.objects.filter(place=place.hotel, form="registration").order_by("version")
    assert first.answers == second.answers and (second.version, second.current, second.at) == (2, True, MORNING + HOUR)
    assert not isinstance(finished(place), Exception)


def test_what_cannot_be_confirmed_is_said(place: Town) -> None:
    with pytest.raises(NothingToConfirm):
        confirmed(place, "registration")
    place.write("registration", REGISTERED, at=MORNING - YEAR)
    with pytest.raises(LeafChanged):
        confirmed(place, "registration", 0)
    with pytest.raises(NoSuchPlace):
        confirmed(place, "registration", kind="entity")
    with pytest.raises(Forbidden):
        confirmed(place, "registration", actor=person("grid_head", place.community.grids[5].path))
    place.write("contact", {"name": "前台", "phone": "010-5550100"})
    with pytest.raises(NothingToConfirm):  # sealed: whoever confirms it has to say it
        confirmed(place, "contact")
    assert confirmed(place, "registration", key="k").version == 2 and confirmed(place, "registration", key="k").repeated


def test_a_leaf_that_its_form_no_longer_fits_is_written_anew(place: Town) -> None:
    place.write("registration", REGISTERED, at=MORNING - YEAR)
    Leaf.objects.filter(form="registration").update(current=False)
    odd = Leaf.objects.get(form="registration")
    Leaf.objects.create(
        kind="place", place=place.hotel, area_id=odd.area_id, area_path=odd.area_path, form="registration", version=2, policy=odd.policy,
        answers={"operator": "福来"}, writer="x", at=odd.at, recorded_at=odd.at,
    )  # fmt: skip
    with pytest.raises(BadForm):
        confirmed(place, "registration", 2)


def test_the_pages_count_what_is_left_and_lead_to_it(place: Town, desk: Desk) -> None:
    place.census(at=MORNING - YEAR)
    with write():
        set_clock(to=MORNING + HOUR)
    head, address = desk("grid"), f"/console/places/place/{place.hotel}"
    duty = f"/console/duties/{census(place).id}"
    assert "Census: 4 leaves of 4 left this year" in head.get(address).content.decode()
    page = head.get(duty).content.decode()
    assert "4 leaves are left" in page and "Registration" in page and address in page
    refused = head.post(f"{duty}/finish", {"form_ledger_complete": "yes"})
    assert refused.status_code == 400
    for form in ("registration", "staff", "safety_pledge", "fire_pledge"):
        assert "Confirmed for this year." in head.post(f"{address}/{form}/confirm", {"version": "1", "key": f"k-{form}"}, follow=True).content.decode()
    stale = head.post(f"{address}/registration/confirm", {"version": "1", "key": "again"}, follow=True).content.decode()
    assert "meanwhile" in stale
    assert "every leaf confirmed this year" in head.get(address).content.decode()
    assert "leaves are left" not in head.get(duty).content.decode()
    assert desk("grid", 5).post(f"{address}/registration/confirm", {"version": "2"}).status_code == 403
    assert desk(role="district_duty").post(f"{address}/registration/confirm", {"version": "2"}).status_code == 403


def test_the_phone_says_what_the_ledger_has_left(place: Town, desk: Desk) -> None:
    with write():
        set_clock(to=MORNING + HOUR)
    head, one = desk("grid"), str(census(place).id)

    def left() -> list[str]:
        items = head.get("/field/snapshot").json()["kinds"]["duties"]["items"]
        return [names["zh"] for item in items if item["id"] == one for names in item["leaves"]]

    assert left() == ["场所登记", "从业人员统计", "治安责任承诺", "消防安全承诺"]
    place.write("registration", REGISTERED)
    assert left() == ["从业人员统计", "治安责任承诺", "消防安全承诺"]


def test_many_censuses_are_asked_about_in_two_queries(place: Town) -> None:
    duties = list(Occurrence.objects.filter(rule__startswith="census").values_list("id", flat=True))
    assert len(duties) > 3
    census_left(duties)
    with CaptureQueriesContext(connection) as asked:
        assert len(census_left(duties)) == len(duties)
    assert sum("FROM" in query["sql"] and "epoch" not in query["sql"] for query in asked.captured_queries) == 2


def test_a_census_of_what_has_no_ledger_is_refused_by_the_playbook(tmp_path: Any) -> None:
    about = "      kind: inspection\n      subjects: {kind: hazard}"
    text = FISHINGNET.read_text().replace(about, about.replace("inspection", "inspection\n      census: true"))
    assert text != FISHINGNET.read_text()
    (tmp_path / "playbook.yaml").write_text(text)
    with pytest.raises(BadPlaybook) as refused:
        load_playbook(tmp_path / "playbook.yaml")
    assert "census" in str(refused.value)
