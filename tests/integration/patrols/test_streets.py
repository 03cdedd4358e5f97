"""Coverage by street: what was walked along of what there is, the streets never walked, and the areas without any."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import shapely
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.directory.territory.rules.streets import Street
from linli.directory.territory.services import import_streets
from linli.engines.duties.patrols.selectors.covered import Coverage, covered
from linli.kernel.access.rules import SYSTEM, Forbidden
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.patrols.made import HOUR, MINUTE, Beaten, beaten_town, seeing

pytestmark = pytest.mark.django_db


def lay(town: Beaten, *streets: tuple[str, tuple[float, float], tuple[float, float]], source: str = "roads") -> None:
    """Streets by English name, from one place to another, both in degrees from the east gate."""
    lon, lat = town.town.town.point(0)
    made = [
        Street({"zh": f"{name}路", "en": name}, (shapely.LineString([(lon + start[0], lat + start[1]), (lon + end[0], lat + end[1])]),))
        for name, start, end in streets
    ]  # fmt: skip
    with write():
        import_streets(actor=SYSTEM, at=MONDAY, source=source, streets=made)


def walked(town: Beaten, starts: datetime) -> None:
    for number, name in enumerate(("East gate", "Guard room")):
        town.meet("bob", name, starts + number * MINUTE)


def seen(town: Beaten, starts: datetime) -> Coverage:
    return covered(actor=town.manager(), since=starts, until=starts + HOUR)


@pytest.fixture
def town(tmp_path: Path) -> Beaten:
    made = beaten_town(tmp_path, access=seeing())
    made.sign("bob")
    return made


ALONG = ("Along", (0.0, 0.00002), (0.0006, 0.00002))
ACROSS = ("Across", (0.0003, -0.0004), (0.0003, 0.0004))


def test_a_street_is_walked_by_the_leg_along_it_and_not_by_one_across(town: Beaten) -> None:
    starts = town.shift().starts_at
    lay(town, ALONG, ACROSS)
    before = seen(town, starts)
    assert before.by_street and before.walked == 0 and [one.names["en"] for one in before.never] == ["Across", "Along"]
    walked(town, starts)
    after = seen(town, starts)
    assert after.walked == pytest.approx(52.2, abs=0.5) and after.metres == pytest.approx(52.2 + 88.8, abs=1)
    assert [one.names["en"] for one in after.never] == ["Across"]
    rows = {area.id: one for area, one in after.areas}
    own = rows[town.town.town.grids[0].id]
    assert own.by_street and (own.metres, own.walked) == (pytest.approx(after.metres), pytest.approx(after.walked))
    assert after.bare == len(rows) - 1 and not any(one.by_street for key, one in rows.items() if key != town.town.town.grids[0].id)
    assert covered(actor=town.manager(), since=starts + HOUR, until=starts + 2 * HOUR).walked == 0


def test_more_streets_ask_no_more_of_the_database_and_who_may_not_is_refused(town: Beaten) -> None:
    starts = town.shift().starts_at
    walked(town, starts)
    counts = []
    for number in (1, 40):
        lay(town, *((f"Lane {place}", (0.0, place * 0.00001), (0.0006, place * 0.00001)) for place in range(number)))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            seen(town, starts)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    with pytest.raises(Forbidden):
        covered(actor=town.people["bob"], since=starts, until=starts + HOUR)


def test_the_page_says_what_it_measures_by_and_lists_and_draws_what_was_not_walked(town: Beaten) -> None:
    starts = town.shift().starts_at
    lay(town, ALONG, ACROSS)
    walked(town, starts)
    with write():
        set_clock(to=starts + HOUR)
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="desk", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role="street_duty", area_path="")
    reader = Client(HTTP_ACCEPT_LANGUAGE="en")
    reader.force_login(user)
    page = reader.get("/console/patrols/coverage").content.decode()
    assert "Length of the streets" in page and "have no streets taken in" in page and "Streets never walked in these days" in page
    never = page[page.index("Streets never walked in these days") :]
    assert "Across" in never and "Along" not in never
    assert 'class="cover-map__street" d="M' in page and 'cover-map__street--walked" d="M' in page
    table = b"".join(reader.get("/console/patrols/coverage?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert ",streets,141,52,89," in table and ",routes," in table
    streets = b"".join(reader.get("/console/patrols/coverage?of=streets&format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "Across,89" in streets and "Along" not in streets
    nobody = Client()
    assert nobody.get("/console/patrols/coverage?of=streets&format=csv").status_code == 302
