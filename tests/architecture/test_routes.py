"""Every route says who may call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from allauth.socialaccount import urls as socialaccount_urls
from allauth.socialaccount.providers.openid_connect import urls as openid_connect_urls
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path
from ninja import NinjaAPI, Router
from ninja.openapi.views import default_home, openapi_json, openapi_view
from ninja.operation import PathView

from linli.interfaces.access import Access, ApiAccess, public_route, requires
from linli.interfaces.accounts.urls import NOT_OPENED, OPEN
from linli.kernel.access.rules import PERMISSIONS

# Pages of the API library itself that need no mark, each with the reason.
REVIEWED = {
    openapi_json: "the API's description is public",
    openapi_view: "the API's description is public",
    default_home: "leads nowhere: answers 404",
}


def accesses(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Access | None]]:
    """Each route (an API's operation counts for itself) with its mark, or None."""
    for entry in patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from accesses(entry.url_patterns, where)
            continue
        view = entry.callback
        if isinstance(view, partial) and view.func in REVIEWED:
            continue
        operations = list(_operations(view))
        for operation in operations:  # a path is listed once for each of its methods, with all of its operations
            marks = [callback.access for callback in operation.auth_callbacks if isinstance(callback, ApiAccess)]
            only_marks = len(marks) == len(operation.auth_callbacks) == 1
            yield f"{'/'.join(operation.methods)} {where}", marks[0] if only_marks else None
        if not operations:
            yield where, getattr(view, "access", None)


def _operations(view: Any) -> Iterator[Any]:
    for cell in getattr(view, "__closure__", None) or ():
        if isinstance(cell.cell_contents, PathView):
            yield from cell.cell_contents.operations


def unmarked(patterns: Iterable[URLPattern | URLResolver]) -> list[str]:
    return list(dict.fromkeys(where for where, access in accesses(patterns) if not isinstance(access, Access)))


def test_every_route_is_marked() -> None:
    assert unmarked(get_resolver().url_patterns) == []


def test_routes_ask_for_permissions_that_exist() -> None:
    asked = {permission: where for where, access in accesses(get_resolver().url_patterns) if access for permission in access.permissions}
    assert {permission: where for permission, where in asked.items() if permission not in PERMISSIONS} == {}


def _named(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from _named(entry.url_patterns)
        else:
            yield str(entry.name)


def test_each_page_of_the_sign_in_library_was_looked_at() -> None:
    modules = (account_urls, mfa_urls, socialaccount_urls, openid_connect_urls)
    theirs = {name for module in modules for name in _named(module.urlpatterns)}
    assert theirs == set(OPEN) | set(NOT_OPENED)
    assert not set(OPEN) & set(NOT_OPENED)


# -- the test itself can fail -----------------------------------------------------------------------------------------


def _plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def test_an_unmarked_view_is_found() -> None:
    patterns = [path("marked", public_route(_plain)), path("asks", requires("access.manage")(_plain)), path("plain", _plain)]
    assert unmarked(patterns) == ["plain"]


def test_an_unmarked_operation_is_found() -> None:
    api = NinjaAPI(urls_namespace="route-test")
    router = Router()
    api.get("/marked", auth=ApiAccess.public())(_plain)
    api.get("/plain")(_plain)
    router.post("/inner", auth=lambda request: True)(_plain)
    router.put("/inner", auth=ApiAccess.requires("access.manage"))(_plain)
    api.add_router("/more/", router)
    patterns = [URLResolver(path("api/", _plain).pattern, api.urls[0])]
    assert unmarked(patterns) == ["GET api/plain", "POST api/more/inner"]


def test_a_mark_names_what_it_asks() -> None:
    with pytest.raises(TypeError):
        requires()
    with pytest.raises(TypeError):
        ApiAccess.requires()
