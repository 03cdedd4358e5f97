"""Our own sign-in pages: residents' codes, and the doors that are shut."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache

from linli.interfaces.access import public_route, signed_in_route, visitor_of
from linli.interfaces.accounts.forms import CodeForm, ContactForm
from linli.interfaces.refusals import sentence, status_of
from linli.kernel.access.services.codes import CodeSpent, NoCodes, codes_available, redeem_code, request_code
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

CODE_IN_SESSION = "sign_in_code"
NEXT_IN_SESSION = "sign_in_next"


class NoSignUp(Refusal):
    code: ClassVar[str] = "access.no_sign_up"
    message: ClassVar[str] = N_("Staff accounts are made by those who manage access here. Residents need none to report.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


class NoPassword(Refusal):
    code: ClassVar[str] = "access.no_password"
    message: ClassVar[str] = N_("This account has no password: it signs in by passkey, organisation or code.")
    kind: ClassVar[Kind] = Kind.FORBIDDEN


def forgetful(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page of the library that, when it wants the password again, does not lay the form aside.

    The library would keep the whole request in the session, network address and all; ours sends the person back to the page.
    """

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except ReauthenticationRequired:
            methods = get_adapter().get_reauthentication_methods(request.user)
            target = methods[0]["url"] if methods else reverse("account_login")
            return redirect(f"{target}?{urlencode({'next': request.path})}")

    return run


class SignIn(LoginView):
    """The library's sign-in page, which also shows residents their way, where there is one."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "codes_available": codes_available()}


sign_in = public_route(SignIn.as_view())


@public_route
def no_sign_up(_request: HttpRequest) -> HttpResponseBase:
    raise NoSignUp


@signed_in_route
def no_password(_request: HttpRequest) -> HttpResponseBase:
    raise NoPassword


@public_route
@never_cache
def ask_for_code(request: HttpRequest) -> HttpResponseBase:
    """Ask for a code; the answer is the same whether or not the contact has an account."""
    if not codes_available():
        raise NoCodes
    form = ContactForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        visitor = visitor_of(request)
        try:
            with write():
                made = request_code(at=now(), contact=form.cleaned_data["contact"], visitor=visitor, language=get_language() or "")
        except Refusal as refusal:
            form.add_error("contact", sentence(refusal))
            status = status_of(refusal)
        else:
            request.session[CODE_IN_SESSION] = str(made.id)
            request.session[NEXT_IN_SESSION] = _own(request, request.POST.get("next", ""))
            return redirect("sign_in_code_enter")
    return render(request, "accounts/ask_for_code.html", {"form": form, "next": request.GET.get("next", "")}, status=status)


@public_route
@never_cache
def enter_code(request: HttpRequest) -> HttpResponseBase:
    """Enter the code in the browser that asked for it."""
    code_id = request.session.get(CODE_IN_SESSION)
    if code_id is None:
        return redirect("sign_in_code")
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        with write():
            found = redeem_code(at=now(), code_id=UUID(code_id), code=form.cleaned_data["code"])
        if not isinstance(found, Refusal):
            target = request.session.pop(NEXT_IN_SESSION, "") or "/"
            del request.session[CODE_IN_SESSION]
            return perform_login(request, found, email_verification="none", redirect_url=target)
        form.add_error("code", sentence(found))
        status = status_of(found)
        if isinstance(found, CodeSpent):
            del request.session[CODE_IN_SESSION]
    return render(request, "accounts/enter_code.html", {"form": form}, status=status)


def _own(request: HttpRequest, target: str) -> str:
    """The address to go on to, if it is one of ours."""
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()) else ""
