"""Somebody of a grid fills in a leaf, and finds on the place's page and on the boards what was found there.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.engines.duties.inspections import tasks
from linli.engines.duties.inspections.models import Leaf
from tests.integration.inspections.made import HOUR, MORNING, Town, town
from tests.integration.inspections.test_hazards import FOUND
from tests.journeys.serving import Served, serving, staff

SHOTS = os.environ.get("LINLI_SCREENSHOTS")
PHONE, DESK = (390, 844), (1440, 900)


@pytest.fixture
def ground(committed: str) -> Town:
    found = town()
    found.finish("monthly_inspection", found.hotel, FOUND, at=MORNING + 2 * HOUR)
    tasks.draw(MORNING + 2 * HOUR)
    found.run(MORNING + 3 * HOUR)
    return found


@pytest.fixture
def house(browser: Browser, committed: str, ground: Town) -> Iterator[Served]:
    staff(ground.community, ("grid", 0), ("street", 0))
    with serving(browser, committed, ground.community) as served:
        yield served


def seen(page: Page, name: str) -> None:
    """Nothing stands out to the side; a picture where pictures are asked for."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("size", "language"), [(PHONE, "zh-hans"), (DESK, "en")])
def test_a_leaf_is_filled_in_and_the_place_tells_its_story(house: Served, ground: Town, size: tuple[int, int], language: str) -> None:
    page = house.sign_in("grid", to="/console/places", size=size, language=language)
    seen(page, f"places-{language}")
    page.get_by_role("link", name="福来旅馆").click()
    expect(page.get_by_text(FOUND["hazard"]).first).to_be_visible()
    seen(page, f"place-{language}")
    page.locator(f"a[href$='/{ground.hotel}/registration']").click()
    page.locator("input[name=form_operator]").fill("福来旅馆有限公司")
    page.locator("input[name=form_exits]").fill("3")
    seen(page, f"leaf-{language}")
    page.locator("form.form button:not([type=button])").click()
    expect(page.get_by_text("福来旅馆有限公司")).to_be_visible()
    assert Leaf.objects.get().answers == {"operator": "福来旅馆有限公司", "exits": 3}
    street = house.sign_in("street", to="/console/places/boards?rule=monthly_inspection", size=size, language=language)
    expect(street.get_by_text("三巷五号").first).to_be_visible()
    seen(street, f"boards-{language}")
    assert house.complaints == []
