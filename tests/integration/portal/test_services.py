"""The service menu over HTTP: what to bring, and whether the door is open at this hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from linli.directory.territory.selectors.points import service_points
from linli.interfaces.portal.show import week_words
from linli.kernel.calendar.playbook import Week
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, community

pytestmark = pytest.mark.django_db
LIANQIN = Path(__file__).resolve().parents[3] / "playbooks" / "lianqin" / "playbook.yaml"
ZONE = ZoneInfo("Asia/Shanghai")


def test_the_menu_says_what_to_bring_and_the_door_follows_the_clock(client: Client) -> None:
    community(playbook=LIANQIN)
    for at, is_open in ((datetime(2026, 3, 5, 19, 30, tzinfo=ZONE), True), (datetime(2026, 3, 4, 19, 30, tzinfo=ZONE), False)):
        with write():
            set_clock(to=at)
        (point,) = service_points(at=at)
        assert point.is_open is is_open and point.changes_at is not None
        page = client.get("/services").content.decode()
        assert ("badge--ok" in page) is is_open and "身份证" in page and f"{point.changes_at.astimezone(ZONE):%H:%M}" in page
    english = client.get("/services", headers={"accept-language": "en"}).content.decode()
    assert "Identity card" in english


def test_public_holidays_close_it(client: Client) -> None:
    community(playbook=LIANQIN)
    new_year = datetime(2026, 1, 1, 10, 0, tzinfo=ZONE)  # a Thursday
    (point,) = service_points(at=new_year)
    assert not point.is_open and point.changes_at > new_year + timedelta(hours=20)  # type: ignore[operator]


def test_a_playbook_without_a_menu_says_so(client: Client) -> None:
    community()
    with write():
        set_clock(to=MONDAY)
    assert service_points(at=MONDAY) == [] and client.get("/services").status_code == 200


def test_before_any_playbook_there_is_none(client: Client) -> None:
    assert service_points(at=MONDAY) == [] and client.get("/services").status_code == 200


def test_equal_days_stand_together_and_days_off_are_left_out() -> None:
    week = Week.model_validate({"mon": ["09:00-12:00", "13:30-17:30"], "tue": ["09:00-12:00", "13:30-17:30"], "thu": ["09:00-12:00"]})
    assert [hours for _days, hours in week_words(week)] == [["09:00–12:00", "13:30–17:30"], ["09:00–12:00"]]
    assert "–" in week_words(week)[0][0] and "–" not in week_words(week)[1][0]
