"""What the sign-in library asks of us: no sign-up, no addresses kept, sealed secrets, whom an organisation vouches for."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from linli.interfaces.access import actor_of_request, visitor_of
from linli.kernel.access.models import User
from linli.kernel.sealing import seal, unseal

SECOND_FACTOR = "user.second_factor"
CONSOLE = "console:queue"


class AccountAdapter(DefaultAccountAdapter):
    """Password sign-in of accounts that somebody made: nobody makes one here."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """What limits count by: the day's key of the visitor, so that no address is stored."""
        return visitor_of(request).hex()

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Those who hold a role begin at the console, everybody else at the portal."""
        if actor_of_request(request).grants:
            try:
                return reverse(CONSOLE)
            except NoReverseMatch:
                return "/"
        return "/"


class SecondFactorAdapter(DefaultMFAAdapter):
    """One-time-code secrets and recovery seeds lie sealed in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text, purpose=SECOND_FACTOR).hex()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(bytes.fromhex(encrypted_text), purpose=SECOND_FACTOR)


class OrganisationAdapter(DefaultSocialAccountAdapter):
    """Sign-in through an organisation's own server (OpenID Connect), for staff accounts that exist here already.

    The first time, the account is found by the address that the organisation has verified; from then on by the
    organisation's subject id. What else the organisation tells about the person is not kept.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[Any, str] | None:
        for address in sociallogin.email_addresses:
            user = User.objects.filter(email=address.email.lower(), kind=User.Kind.STAFF, is_active=True).first() if address.verified else None
            if user is not None:
                # Known as verified, so that the library does not take the account's password away.
                EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
                return user, user.email
        return None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        sociallogin.account.extra_data = {}
        if sociallogin.account.pk:
            SocialAccount.objects.filter(pk=sociallogin.account.pk).update(extra_data={})
