"""Passkeys in a real browser, with an authenticator that the browser itself plays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories import community
from tests.journeys.serving import PASSWORD, Served, serving, staff


@pytest.fixture
def served(browser: Browser, committed: str) -> Iterator[Served]:
    town = community()
    staff(town, ("street", 0))
    with serving(browser, committed, town) as running:
        yield running


def with_authenticator(page: Page) -> Page:
    """The page's browser has a fingerprint reader that always says yes."""
    link = page.context.new_cdp_session(page)
    link.send("WebAuthn.enable")
    reader = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    link.send("WebAuthn.addVirtualAuthenticator", {"options": {**reader, "automaticPresenceSimulation": True}})
    return page


def test_a_desk_adds_a_passkey_and_comes_in_by_it_alone(served: Served) -> None:
    served.address = served.address.replace("127.0.0.1", "localhost")  # the only place without https where browsers know passkeys
    page = with_authenticator(served.sign_in("street"))
    page.goto(f"{served.address}/accounts/2fa/webauthn/add/")
    page.locator("input[name=password]").fill(PASSWORD)  # before a change of keys the password is asked for again
    page.locator("input[name=password]").press("Enter")
    page.locator("input[name=name]").fill("值班室电脑")
    page.locator("input[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(lambda url: not url.endswith("/add/"))
    page.goto(f"{served.address}/accounts/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text("值班室电脑")
    page.context.clear_cookies()
    page.goto(f"{served.address}/accounts/login/?next=/console/")
    page.locator("#passkey_login").click()
    page.wait_for_url("**/console/")
    assert served.complaints == []
