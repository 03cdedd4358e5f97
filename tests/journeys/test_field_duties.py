"""My day on a phone: duties read, checked in and filled in without signal, sent once, and decided where others were faster.

Set LINLI_SCREENSHOTS to a folder to keep pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from linli.engines.duties import tasks
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.checkin import Command, check_in
from linli.engines.duties.services.subjects import set_subjects
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import now, set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community
from tests.integration.duties.made import DUTIES, playbook
from tests.journeys.serving import PASSWORD, Served, serving, staff
from tests.journeys.test_field import OPENS_WITHIN, come_back, confirm, kept, phone, send_now, shoot, waits
from tests.journeys.test_gallery import serious

FORM = """      form:
        type: object
        required: [well, meals]
        properties:
          well: {type: boolean, title: "Is everything all right?", title_zh: "一切都好吗？"}
          meals: {type: integer, minimum: 0, maximum: 3, title: Warm meals a day, title_zh: 每天几顿热饭}
          heating:
            {type: string, enum: [good, weak, none], enum_titles: [warm, lukewarm, cold], enum_titles_zh: [暖和, 不够暖, 不热], title: Heating, title_zh: 取暖}
          need: {type: string, maxLength: 100, title: What is needed, title_zh: 需要什么}
        additionalProperties: false
"""
PLAIN = DUTIES[DUTIES.index("      form:") : DUTIES.index("    - code: grid_round")]
MONTHLY = "cadence: {times: 1, period: month}"
ASKED = DUTIES.replace(PLAIN, FORM).replace(f"levels: [street]\n      {MONTHLY}", f"levels: [grid, street]\n      answer: 5 working_days\n      {MONTHLY}")


@pytest.fixture
def house(browser: Browser, committed: str, tmp_path: Path) -> Iterator[Served]:
    with write():
        set_clock(to=MONDAY + timedelta(hours=1))
    town = community(playbook=playbook(tmp_path, ASKED))
    staff(town, ("grid", 0), ("grid", 1), ("street", 0))
    cases(town, 2)
    with serving(browser, committed, town) as served:
        yield served


def cases(town: Community, count: int) -> None:
    """Care cases of the first grid, their duties derived and begun."""
    area = town.grids[0].id
    with write():
        set_subjects([Subject("care_case", uuid4(), area, f"G-{n + 1:02}", {"level": "weekly"}) for n in range(count)], actor=SYSTEM, at=MONDAY)
    tasks.derive_due(MONDAY)
    tasks.sweep(MONDAY + timedelta(minutes=30))
    tasks.watch_holders(MONDAY + timedelta(minutes=30))


def open_duty(rule: str = "weekly_visit", label: str = "G-01") -> Occurrence:
    return Occurrence.objects.filter(rule=rule, subject__label=label, state="open").earliest("opens_at")


def show(page: Page, duty: Occurrence) -> None:
    page.locator(f'a[href="#d/{duty.id}"]').first.click()
    expect(page.locator("h1.what")).to_be_visible()


def more(page: Page, verb: str) -> None:
    page.locator("#tabs .button").last.click()
    page.locator(f"dialog.sheet [data-verb={verb}]").click()


def tap(page: Page, verb: str) -> None:
    page.locator(f"#tabs [data-verb={verb}]").click()


def test_a_day_on_the_stairs_without_signal(house: Served) -> None:
    """Start and done in two taps each, one visit for two duties, a form begun and closed by the phone; sent once and in order."""
    visit, month = open_duty(), open_duty("monthly_condolence")
    page = phone(house)
    expect(page.locator('.tabbar__tab[aria-current][href="#day"]')).to_be_visible()
    shoot(page, "day")
    show(page, visit)
    expect(page.locator("#place input[type=checkbox]")).to_be_checked()  # the monthly visit to the same door
    shoot(page, "duty")
    page.context.set_offline(True)
    tap(page, "start")
    waits(page, 1)
    tap(page, "finish")
    expect(page.locator("dialog.sheet fieldset")).to_have_count(2)
    page.locator("dialog.sheet .choice", has_text="是").first.click()
    page.locator("dialog.sheet input[type=number]").fill("7")
    page.locator("dialog.sheet textarea").last.fill("说话很清楚")
    kept(page)
    page, opened = come_back(page)  # the phone closed the page
    assert opened < OPENS_WITHIN, opened
    expect(page.locator(".strip__signal--none")).to_be_visible()
    show(page, visit)
    tap(page, "finish")
    expect(page.locator("dialog.sheet .choice input").first).to_be_checked()
    page.locator("dialog.sheet .sheet__foot .button--primary").click()
    expect(page.locator("dialog.sheet .field__error:visible")).to_contain_text("3")  # at most three
    shoot(page, "fill")
    page.locator("dialog.sheet input[type=number]").fill("3")
    confirm(page)
    waits(page, 2)
    expect(page.locator(".group__title--waits")).to_contain_text("2")
    page.locator("#strip-queue").click()
    expect(page.locator("#place li[data-key]")).to_have_count(2)
    shoot(page, "duty-queue")
    assert CheckInRecord.objects.count() == 0
    page.route("**/field/sync", lambda route: (route.fetch(), route.abort())[1])  # the answer is lost on the way: it is sent again
    page.context.set_offline(False)
    expect(page.locator(".strip__signal--weak")).to_be_visible()
    page.unroute("**/field/sync")
    send_now(page)
    waits(page, 0)
    assert [CheckInRecord.objects.filter(occurrence=one).order_by("version").count() for one in (visit, month)] == [2, 2]
    assert set(Occurrence.objects.filter(id__in=[visit.id, month.id]).values_list("state", flat=True)) == {"done"}
    filled = CheckInRecord.objects.get(occurrence=month, verb="finish")
    assert (filled.form, filled.note) == ({"well": True, "meals": 3}, "说话很清楚")
    page.locator('.tabbar__tab[href="#day"]').click()
    expect(page.locator(f'a[href="#d/{visit.id}"]')).to_have_count(0)


def test_nobody_home_proposes_the_next_try_and_a_refusal_is_no_visit(house: Served) -> None:
    first, second = open_duty(), open_duty(label="G-02")
    page = phone(house)
    show(page, first)
    page.locator("#place input[type=checkbox]").uncheck()
    page.context.set_offline(True)
    more(page, "not_home")
    expect(page.locator("dialog.sheet .note")).to_contain_text("3/3")  # tomorrow
    page.locator("dialog.sheet .ready__one").first.click()
    shoot(page, "not-home")
    confirm(page)
    expect(page.locator(".group", has=page.locator(f'a[href="#d/{first.id}"]')).locator(".group__title")).to_contain_text("1")
    show(page, second)
    page.locator("#place input[type=checkbox]").uncheck()
    more(page, "refuse")
    confirm(page)
    page.context.set_offline(False)
    waits(page, 0)
    states = {one.subject.label: (one.state, one.attempts) for one in Occurrence.objects.filter(id__in=[first.id, second.id]).select_related("subject")}
    assert states == {"G-01": ("open", 1), "G-02": ("refused", 0)}


def test_somebody_else_was_there_meanwhile(house: Served) -> None:
    visit, other = open_duty(), open_duty(label="G-02")
    page = phone(house)
    page.context.set_offline(True)
    for duty in (visit, other):
        show(page, duty)
        page.locator("#place input[type=checkbox]").uncheck()
        tap(page, "start")
        page.locator("a.bar-back").click()
    show(page, visit)
    more(page, "note")
    page.locator("dialog.sheet textarea").fill("门口的灯坏了")
    confirm(page)
    with write():
        check_in([Command((visit.id,), Verb.FINISH, now(), note="街道已探访"), Command((other.id,), Verb.START, now())], actor=SYSTEM, at=now())
    page.context.set_offline(False)
    expect(page.locator("#strip-queue.strip__queue--ask")).to_contain_text("2")
    page.locator("#strip-queue").click()
    ended = page.locator("#place li.card--asks", has_text="已完成").first
    shoot(page, "duty-conflict")
    assert serious(page) == []
    expect(ended.locator(".button--primary")).to_have_count(0)  # nothing to start any more
    ended.locator(".button").last.click()
    page.locator("dialog.sheet .button--danger").click()  # thrown away, after being asked; the note that built on it goes on
    still = page.locator("#place li.card--asks").first
    still.locator(".button--primary").click()
    waits(page, 0)
    assert CheckInRecord.objects.get(occurrence=visit, verb="note").note == "门口的灯坏了"
    assert CheckInRecord.objects.filter(occurrence=other, verb="start").count() == 2


def test_a_missed_duty_asks_why(house: Served) -> None:
    visit = open_duty()
    late = visit.due_at + timedelta(minutes=30)
    house.clock(late)
    tasks.sweep(late)
    page = phone(house)
    expect(page.locator(".group__title--overdue").first).to_be_visible()
    shoot(page, "missed")
    show(page, visit)
    tap(page, "explain")
    page.locator("dialog.sheet .ready__one").first.click()
    confirm(page)
    waits(page, 0)
    visit.refresh_from_db()
    assert visit.state == "missed" and visit.explained_at is not None


def test_two_tabs_are_one_queue(house: Served) -> None:
    visit, other = open_duty(), open_duty(label="G-02")
    page = phone(house)
    second = page.context.new_page()
    second.goto(f"{house.address}/field/#day")
    expect(second.locator(f'a[href="#d/{visit.id}"]')).to_be_visible()
    page.context.set_offline(True)
    show(page, visit)
    tap(page, "start")
    waits(second, 1)  # the other tab shows it at once
    show(second, visit)
    expect(second.locator("#tabs [data-verb=start]")).to_have_count(0)  # begun already, there as well
    second.locator("a.bar-back").click()
    show(second, other)
    tap(second, "start")
    waits(page, 2)
    page.locator("#strip-queue").click()
    page.locator("#place li[data-key] .button").first.click()  # taken back here
    waits(second, 1)
    page.context.set_offline(False)
    waits(page, 0)
    waits(second, 0)
    assert list(CheckInRecord.objects.values_list("verb", flat=True)) == ["start"] * CheckInRecord.objects.count()
    assert not CheckInRecord.objects.filter(occurrence=visit).exists() and CheckInRecord.objects.filter(occurrence=other).exists()


def test_signing_out_with_unsent_work_asks_first(house: Served) -> None:
    page = phone(house)
    page.context.set_offline(True)
    show(page, open_duty())
    tap(page, "start")
    page.locator("a.bar-back").click()
    page.locator("#strip-queue").click()
    out = page.locator("#place .button", has=page.locator('use[href$="#log-out"]'))
    out.click()
    expect(page.locator("dialog.sheet")).to_contain_text("1")
    page.locator("dialog.sheet .button").first.click()  # back
    waits(page, 1)
    page.context.set_offline(False)
    waits(page, 0)
    assert CheckInRecord.objects.exists()
    page.context.set_offline(True)
    page.locator('.tabbar__tab[href="#day"]').click()
    show(page, open_duty(label="G-02"))
    tap(page, "start")
    page.goto(f"{house.address}/field/#queue")
    out.click()
    page.locator("dialog.sheet .button--danger").click()
    expect(page.locator("#place .empty")).to_be_visible()
    page.context.set_offline(False)
    page.wait_for_url("**/accounts/login/**")
    page.locator("input[name=login]").fill("grid-0")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url("**/field/")
    expect(page.locator(".strip__signal small")).to_be_visible()
    waits(page, 0)
    assert not CheckInRecord.objects.filter(occurrence__subject__label="G-02").exists()  # what was erased never arrives


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_three_hundred_duties_open_fast_and_every_place_is_whole(house: Served, language: str, theme: str) -> None:
    cases(house.town, 148)  # each with two duties
    page = phone(house, language=language, theme=theme)
    expect(page.locator(".ticket-card").nth(299)).to_be_attached()
    page.context.set_offline(True)
    page, opened = come_back(page)
    expect(page.locator(".ticket-card").nth(299)).to_be_attached()
    assert opened < OPENS_WITHIN, opened
    for place in ("day", "map"):
        page.goto(f"{house.address}/field/#{place}")
        expect(page.locator(f'.tabbar__tab[href="#{place}"]')).to_have_attribute("aria-current", "page")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert serious(page) == [], place
        shoot(page, f"duties-{place}-{language}-{theme}")
    page.goto(f"{house.address}/field/#day")
    show(page, open_duty("monthly_condolence"))
    page.locator("#place input[type=checkbox]").check()
    shoot(page, f"duty-{language}-{theme}")
    assert serious(page) == []
    page.locator("#tabs .button").last.click()
    shoot(page, f"duty-more-{language}-{theme}")
    page.locator("dialog.sheet [data-verb=finish]").click()
    shoot(page, f"duty-fill-{language}-{theme}")
    assert serious(page) == []
