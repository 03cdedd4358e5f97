"""A table of people comes in through the desk: looked at, then taken in, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from linli.directory.people.models import Person
from linli.kernel.access.rules import OPERATOR, SYSTEM
from linli.kernel.access.services.roles import give_role
from linli.kernel.access.services.users import create_user
from linli.kernel.writing import write
from tests.factories import MONDAY, community
from tests.journeys.serving import PASSWORD, Served, serving

TABLE = "工号,姓名,手机\nT-1,王建国,13800000001\nT-2,,\n"


@pytest.fixture
def served(browser: Browser, committed: str) -> Iterator[Served]:
    town = community()
    with write():
        user = create_user(actor=SYSTEM, at=MONDAY, username="operator-0", password=PASSWORD)
        give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=OPERATOR)
    with serving(browser, committed, town) as running:
        yield running


def test_an_operator_sees_what_a_table_would_do_before_it_does(served: Served) -> None:
    page = served.sign_in("operator", to="/console/directory")
    page.locator("a[href$='/console/directory/import']").click()
    page.locator("input[name=table]").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": TABLE.encode("gb18030")})
    page.locator("form[enctype] button").first.click()
    plan = page.locator("#plan")
    expect(plan).to_contain_text("王建国")
    expect(plan).to_contain_text("姓名 (name) 为空")
    assert not Person.objects.filter(code="T-1").exists()
    plan.locator("button[name=sure]").click()
    page.wait_for_url("**/console/directory")
    expect(page.locator("main")).to_contain_text("新增 1")
    assert Person.objects.filter(code="T-1").exists() and not Person.objects.filter(code="T-2").exists()
    assert served.complaints == []
