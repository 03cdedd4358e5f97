"""Residents who want to know: alerts by mail and on the device, the feed, and what is kept of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from playwright.sync_api import expect

from linli.engines.matters.rules.intake import Contact
from linli.kernel.access.models import User
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.notices.models import Notice, Subscription
from linli.kernel.notices.rules import Channel
from linli.kernel.notices.services import channels
from linli.kernel.notices.tasks import send_due_notices
from tests.factories import MONDAY, report
from tests.integration.notices.browsers import PushBrowser, push_service
from tests.integration.notices.made import Recorder
from tests.journeys.residents import HOUR, Portal, keep
from tests.journeys.test_gallery import serious

# Headless browsers reach no push service: this one is handed what a service would have given, and all the rest is real.
FAKE = """
const given = %s;
PushManager.prototype.getSubscription = async () => (sessionStorage.given ? given : null);
PushManager.prototype.subscribe = async () => { sessionStorage.given = "yes"; return given; };
"""


def happen() -> None:
    while dispatch_once():
        pass


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_mail_is_confirmed_by_its_link_and_ended_by_it(portal: Portal, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    post = Recorder()
    monkeypatch.setitem(channels.ADAPTERS, Channel.EMAIL, post)
    grid = portal.town.grids[0]
    with override_settings(PUBLIC_URL=portal.address):
        page = portal.visit("/alerts", language=language, java_script_enabled=False)
        page.locator("#area").select_option(portal.town.streets[0].code)
        page.locator("form:has(#area) button").click()
        mail = page.locator("form:has(input[name=email])")
        mail.locator("input[name=email]").fill("not an address")
        mail.locator("button").click()
        expect(page.locator("#id_email_error")).to_be_visible()
        page.locator("input[name=email]").fill("wang@example.org")
        page.locator("input[name=often][value=each]").check()
        page.locator("form:has(input[name=email]) button").click()
        expect(page.locator("strong", has_text="wang@example.org")).to_be_visible()
        send_due_notices(MONDAY + 2 * HOUR, channel=Channel.EMAIL)
        link = next(line for line in post.sent[0].body.splitlines() if line.startswith("http"))

        page.goto(link)
        page.locator("form:has([value=confirm]) button").click()
        expect(page.locator(".note--success")).to_be_visible()
        receipt = report(portal.town, class_code="C-0118", condition="out", text="路灯坏了", at=MONDAY + HOUR)
        report(portal.town, class_code="C-0118", condition="out", grid=len(portal.town.grids) - 1, at=MONDAY + HOUR)
        happen()
        send_due_notices(MONDAY + 2 * HOUR, channel=Channel.EMAIL)
        told = [message for message in post.sent[1:] if receipt.code in message.body]
        assert len(told) == len(post.sent) - 1 == 1 and grid.path.startswith(portal.town.streets[0].path)
        assert ("路灯" if language == "zh-hans" else "lamp") in told[0].subject.lower() or "light" in told[0].subject.lower()

        page.goto(link)
        page.locator("form:has([value=end]) button").click()
        expect(page.locator(".note--success")).to_be_visible()
        assert not Subscription.objects.exists() and not Notice.objects.filter(recipient__startswith="subscription:").exists()
        page.goto(link)
        expect(page.locator(".note--error")).to_be_visible()
    assert portal.complaints == []


def test_this_device_is_told_and_forgotten(portal: Portal, settings: Any) -> None:
    with push_service() as service:
        settings.PUSH_SERVICES = [service.origin]
        settings.PUBLIC_URL = portal.address
        device = PushBrowser(f"{service.origin}/send/device")
        page = portal.visit("/alerts", permissions=["notifications"])
        page.context.add_init_script(FAKE % device.address)
        page.goto(f"{portal.address}/alerts?area={portal.town.grids[0].code}")
        page.locator("[data-push-ask]").click()
        page.wait_for_url("**/alerts/*/*")
        expect(page.locator(".note--success")).to_be_visible()

        receipt = report(portal.town, class_code="C-0118", condition="out", text="路灯坏了 13800138000", at=MONDAY + HOUR)
        happen()
        assert send_due_notices(MONDAY + 2 * HOUR, channel=Channel.PUSH) == 1
        told = device.read(service.taken[0][2])
        assert told["url"].endswith(f"/matters/{receipt.code}") and "路灯" in told["title"] and "13800138000" not in json.dumps(told)

        page.goto(f"{portal.address}/alerts")
        listed = page.locator("[data-push-mine] a")
        expect(listed).to_have_count(1)
        keep(page, "alerts-mine")
        assert serious(page) == []
        listed.click()
        page.locator("form:has([value=end]) button").click()
        expect(page.locator(".note--success")).to_be_visible()
        assert not Subscription.objects.exists()
    assert portal.complaints == []


def test_the_worker_shows_what_was_pushed(portal: Portal) -> None:
    page = portal.visit("/alerts", permissions=["notifications"])
    shown = page.evaluate(
        """async () => {
          const held = await navigator.serviceWorker.register("/alerts/worker.js");
          const worker = held.installing ?? held.waiting ?? held.active;
          await new Promise((done) => {
            const look = () => worker.state === "activated" && done();
            worker.addEventListener("statechange", look);
            look();
          });
          return [new URL(held.scope).pathname, Boolean(held.active)];
        }"""
    )
    assert shown == ["/alerts/", True]
    assert portal.complaints == []


def test_a_resident_signs_in_by_code_and_sees_takes_and_leaves(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Recorder()
    monkeypatch.setitem(channels.ADAPTERS, Channel.SMS, texts)
    mine = report(portal.town, class_code="C-0118", condition="out", text="路灯坏了", at=MONDAY, contact=Contact(phone="13800138000"), anonymous=False)
    page = portal.visit("/track")
    page.locator("a[href*='/accounts/code/']").click()
    page.locator("input[name=contact]").fill("138 0013 8000")
    page.locator("form:has(input[name=contact]) button").click()
    page.wait_for_url("**/code/enter/")
    send_due_notices(MONDAY + 2 * HOUR, channel=Channel.SMS)
    page.locator("input[name=code]").fill("".join(filter(str.isdigit, texts.sent[-1].body))[:6])
    page.locator("form:has(input[name=code]) button[type=submit]").first.click()
    page.wait_for_url("**/own")
    expect(page.locator(f"a.matter[href='/track/{mine.tracking}']")).to_be_visible()
    keep(page, "own")
    assert serious(page) == []
    with page.expect_download() as download:
        page.locator("a[download]").click()
    assert mine.tracking in download.value.path().read_text()
    page.locator("details:has(form[action='/own/leave']) summary").click()
    page.locator("form[action='/own/leave'] button").click()
    expect(page.locator(".code", has_text=mine.tracking)).to_be_visible()
    assert not User.objects.exists() and settings.LOGIN_URL
    assert portal.complaints == []
