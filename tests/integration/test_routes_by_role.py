"""All routes × all roles: whoever a route is not for is turned away before anything happens, and nobody meets an error.

What a route asks is its mark; what a role holds is the playbook's. The pages' own tests say what each then shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver

from linli.interfaces.access import Access
from linli.kernel.access.playbook import AccessSection
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, Forbidden, NotSignedIn
from linli.kernel.access.selectors import actor_of
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.writing import write
from tests.architecture.test_routes import accesses
from tests.factories import MONDAY, community, report

pytestmark = pytest.mark.django_db
SAMPLES = {"uuid": str(UUID(int=7)), "int": "1", "verb": "solve", "check_in": "start", "rendition": "original"}


def routes() -> Iterator[tuple[str, str, Access]]:
    """Method, address and mark of every route; parameters are filled with what names nothing."""
    for where, access in accesses(get_resolver().url_patterns):
        methods, _, pattern = where.rpartition(" ")
        if access is None or re.search(r"[\\^(]", pattern):
            continue
        address = "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES.get(found[1] or "str", "none"), pattern)
        for method in methods.split("/") if methods else ["GET"]:
            yield method, address, access


def is_turned_away(answer: HttpResponse) -> bool:
    return answer.status_code in (401, 403) or (answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/"))


def admits(access: Access, actor: Actor) -> bool:
    try:
        access.admit(actor)
    except (Forbidden, NotSignedIn):
        return False
    return True


def test_every_route_turns_away_whoever_it_is_not_for() -> None:
    town = community()
    report(town)
    with write():
        set_clock(to=MONDAY)
    everybody: list[tuple[str, Actor, Client]] = [("nobody", ANONYMOUS, Client())]
    for code in ["", "operator", *active_playbook().section(AccessSection).roles]:
        with write():
            user = users.create_user(actor=SYSTEM, at=MONDAY, username=f"one-{code or 'without'}", password="a long enough password")
            if code:
                roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=code, area_path="")
        client = Client()
        client.force_login(user)
        everybody.append((code or "somebody", actor_of(user, MONDAY), client))
    asked = list(routes())
    assert len(asked) > 100 and len(everybody) > 5
    wrong = []
    for method, address, access in asked:
        for name, actor, client in everybody[:2] if access.public else everybody:
            answer = client.generic(method, address, content_type="application/json" if "/api/" in address else "application/octet-stream")
            where = f"{name}: {method} {address} answers {answer.status_code}"
            if answer.status_code >= 500 or (not admits(access, actor) and not is_turned_away(answer)):
                wrong.append(where)
            if not access.public and answer.status_code == 302 and admits(access, actor) and is_turned_away(answer):
                wrong.append(f"{where}, and is sent to sign in")
    assert not wrong, "\n".join(wrong)
