"""Routes of signing in, under ``/accounts/``: the library's pages that we open, each marked, and our own.

``OPEN`` is a reviewed list: a page of the library that is not named there does not exist here, and an architecture test
asks that each of the library's pages be either opened, or left out with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from allauth.socialaccount import urls as socialaccount_urls
from allauth.socialaccount.providers.openid_connect import urls as openid_connect_urls
from django.urls import URLPattern, URLResolver, path

from linli.interfaces.access import Access, marked
from linli.interfaces.accounts import views

PUBLIC = Access(public=True)
SIGNED_IN = Access()

OPEN: dict[str, tuple[Access, str]] = {
    "account_logout": (PUBLIC, "asks and signs out; for nobody it only leads home"),
    "account_inactive": (PUBLIC, "says that the account is closed, to someone who is not signed in"),
    "account_reauthenticate": (SIGNED_IN, "the password again, before a change of the second factor"),
    "account_change_password": (SIGNED_IN, "one's own password, with the old one"),
    "mfa_authenticate": (PUBLIC, "second step of signing in: the library asks for the first step in the session"),
    "mfa_reauthenticate": (SIGNED_IN, "the second factor again"),
    "mfa_index": (SIGNED_IN, "one's own second factors"),
    "mfa_view_recovery_codes": (SIGNED_IN, "one's own recovery codes, after signing in again"),
    "mfa_generate_recovery_codes": (SIGNED_IN, "one's own recovery codes, after signing in again"),
    "mfa_download_recovery_codes": (SIGNED_IN, "one's own recovery codes, after signing in again"),
    "mfa_activate_totp": (SIGNED_IN, "one's own authenticator app"),
    "mfa_deactivate_totp": (SIGNED_IN, "one's own authenticator app, after signing in again"),
    "mfa_list_webauthn": (SIGNED_IN, "one's own passkeys"),
    "mfa_add_webauthn": (SIGNED_IN, "one's own passkeys, after signing in again"),
    "mfa_reauthenticate_webauthn": (SIGNED_IN, "the passkey again"),
    "mfa_remove_webauthn": (SIGNED_IN, "one's own passkeys: the library looks among the account's own"),
    "mfa_edit_webauthn": (SIGNED_IN, "one's own passkeys: the library looks among the account's own"),
    "mfa_login_webauthn": (PUBLIC, "signing in by a passkey alone"),
    "socialaccount_login_cancelled": (PUBLIC, "the organisation's server sends people back here"),
    "socialaccount_login_error": (PUBLIC, "the organisation's server sends people back here"),
    "socialaccount_connections": (SIGNED_IN, "which organisations one's own account is tied to"),
    "openid_connect_login": (PUBLIC, "signing in through an organisation"),
    "openid_connect_callback": (PUBLIC, "the organisation's server sends people back here; the library checks its word"),
}

NOT_OPENED: dict[str, str] = {
    "account_login": "ours: the library's page, with the way to residents' codes",
    "account_signup": "accounts of staff are made by those who manage access; ours answers with that",
    "socialaccount_signup": "an organisation's sign-in needs an account here first; ours answers with that",
    "account_set_password": "an account without a password comes in through its organisation or passkey only; ours answers with that",
    "account_email": "the address is an identity: those who manage access change it",
    "account_email_verification_sent": "addresses are not verified by mail",
    "account_confirm_email": "addresses are not verified by mail",
    "account_confirm_login_code": "residents' codes are ours (sign_in_code)",
    "account_reset_password": "a mailbox is no second key to staff accounts: those who manage access set a new password",
    "account_reset_password_done": "as account_reset_password",
    "account_reset_password_from_key": "as account_reset_password",
    "account_reset_password_from_key_done": "as account_reset_password",
}


def opened(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The library's patterns that are in ``OPEN``, each behind its mark."""
    kept: list[URLPattern | URLResolver] = []
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = opened(entry.url_patterns)
            if inner:
                kept.append(URLResolver(entry.pattern, inner, entry.default_kwargs, entry.app_name, entry.namespace))
        elif entry.name in OPEN:
            access, _reason = OPEN[entry.name]
            kept.append(URLPattern(entry.pattern, marked(views.forgetful(entry.callback), access), entry.default_args, entry.name))
    return kept


urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", views.sign_in, name="account_login"),
    path("signup/", views.no_sign_up, name="account_signup"),
    path("organisation/signup/", views.no_sign_up, name="socialaccount_signup"),
    path("password/set/", views.no_password, name="account_set_password"),
    path("code/", views.ask_for_code, name="sign_in_code"),
    path("code/enter/", views.enter_code, name="sign_in_code_enter"),
    *opened(account_urls.urlpatterns),
    path("2fa/", (opened(mfa_urls.urlpatterns), None, None)),
    path("organisation/", (opened(socialaccount_urls.urlpatterns), None, None)),
    *opened(openid_connect_urls.urlpatterns),
]
