from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import Desk, Town, caring_town


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    made = caring_town(tmp_path)
    with write():
        set_clock(to=MONDAY)
    return made


@pytest.fixture
def desk(town: Town) -> Desk:
    def sign_in(level: str = "", grid: int = 0, *, role: str = "", language: str = "en") -> Client:
        with write():
            user = users.create_user(actor=SYSTEM, at=MONDAY, username=f"{level}{role}{grid}", password="a long enough password")
            if role:
                roles.give_role(actor=SYSTEM, at=MONDAY, user_id=user.pk, role=role, area_path=town.town.grids[grid].path)
        if level:
            with write():
                link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(town.town.head(level, grid).id, MONDAY), user_id=user.pk)
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        client.force_login(user)
        return client

    return sign_in
