"""A staffed community, its clock on a Monday morning, and people signed in at their desks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community

Desk = Callable[..., Client]


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> Iterator[None]:
    backend = {"BACKEND": "linli.kernel.files.services.blobs.LocalBlobs", "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "files": backend}
    yield


@pytest.fixture
def town(db: None) -> Community:
    made = community()
    with write():
        set_clock(to=MONDAY)
    return made


@pytest.fixture
def desk(town: Community) -> Desk:
    """``desk("street")``: a browser in which the holder of that post is signed in; ``desk(role=…, area_path=…)`` holds a role only."""

    def sign_in(level: str = "", grid: int = 0, *, role: str = "", area_path: str = "", language: str = "en") -> Client:
        name = f"{level or role}-{grid}-{area_path.replace('/', '-')}"
        with write():
            user = users.create_user(actor=SYSTEM, at=MONDAY, username=name, password="a long enough password")
            if role:
                roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=role, area_path=area_path)
        if level:
            person = organisation().appointee(town.head(level, grid).id, MONDAY)
            assert person is not None
            with write():
                link_user(actor=SYSTEM, at=MONDAY, person_id=person, user_id=user.pk)
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        client.force_login(user)
        return client

    return sign_in
