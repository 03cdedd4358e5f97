"""A social worker with a case on the desk, and a volunteer with a shift, in a real browser: what they click, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.domains.care.models import CareCase
from linli.domains.care.rules.content import Content
from linli.domains.care.rules.terms import Basis, Terms
from linli.domains.care.services.cases import NewCase, open_case
from linli.engines.duties.models import SubjectRecord
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.access.services.users import create_user
from linli.kernel.clock.services import set_clock
from linli.kernel.playbooks.services.load import find_playbook
from linli.kernel.writing import write
from tests.factories import MONDAY, community
from tests.journeys.serving import PASSWORD, Served, serving

TODAY = date(2026, 3, 2)
PHONE = (390, 844)


@pytest.fixture
def house(browser: Browser, committed: str) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=find_playbook("baibuting"))
    grid = town.grids[0]
    post = organisation().first_of("committee_member", grid.id)
    assert post is not None
    worker = Actor("user:worker", ActorKind.USER, grants=(role_grant("station_duty", ""),), post_ids=frozenset({post.id}))
    ends = TODAY + timedelta(days=200)
    terms = Terms(Basis.CONSENT, "living_alone", "usual", TODAY + timedelta(days=60), ends, consent_given_on=TODAY, consent_until=ends, consent_how="paper")
    with write():
        open_case(actor=worker, at=MONDAY, case=NewCase(grid.id, post.id, terms, Content("赵素芬", plan="每周上门一次")))
        user = create_user(actor=SYSTEM, at=MONDAY, username="worker-0", password=PASSWORD)
        link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().holder(post.id, MONDAY).person_id, user_id=user.id)
    with serving(browser, committed, town) as served:
        yield served


def test_a_stay_is_entered_on_the_phone_and_a_pause_says_why(house: Served) -> None:
    case = CareCase.objects.get()
    page = house.sign_in("worker", to="/console/care", language="en", size=PHONE)
    expect(page.locator("body")).not_to_contain_text("赵素芬")
    page.get_by_role("link", name=case.label).click()
    expect(page.get_by_role("heading", name="赵素芬")).to_be_visible()
    page.get_by_text("Enter a stay").click()
    page.locator("form[action$='/stay'] button").click()
    expect(page.get_by_text("nobody knows yet", exact=False).first).to_be_visible()
    page.get_by_text("Ask for no visits for a while").click()
    page.locator("form[action$='/pause'] input[name=last]").fill(str(TODAY + timedelta(days=5)))
    page.locator("form[action$='/pause'] button").click()
    expect(page.get_by_text("Away for a while").first).to_be_visible()
    case.refresh_from_db()
    assert case.stays == [["hospital", str(TODAY), None]]
    assert SubjectRecord.objects.get(ref=case.id).pauses == [[str(TODAY), str(TODAY + timedelta(days=5)), "away"]]
    assert house.complaints == []
