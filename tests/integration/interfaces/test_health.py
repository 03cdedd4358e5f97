"""What watchers ask: does the process answer, can it work, and how do matters stand by the program's clock."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from linli.interfaces.lanes import health
from linli.kernel.clock.services import now, set_clock
from linli.kernel.writing import write
from tests.factories import community, report


def asked(lane: Any) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(lane(send))
    return sent[0]["status"], sent[1]["body"]


def measured(name: str) -> float:
    status, body = asked(health.metrics)
    assert status == 200
    return next(float(line.split()[1]) for line in body.decode().splitlines() if line.startswith(f"{name} "))


def test_a_process_answers_before_it_can_work_and_says_what_it_lacks(committed: str) -> None:
    assert asked(health.healthz)[0] == 200
    status, body = asked(health.readyz)
    assert status == 503 and json.loads(body) == {"ready": False, "missing": "no playbook applied"}
    community(at=now())
    assert asked(health.readyz) == (200, b'{"ready":true,"missing":""}')


def test_a_database_that_is_gone_is_said_and_its_process_lives_on(committed: str) -> None:
    community(at=now())
    here = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = "linli_not_there"
    try:
        status, body = asked(health.readyz)
    finally:
        connection.settings_dict["NAME"] = here
    assert status == 503 and "linli_not_there" in json.loads(body)["missing"]
    assert asked(health.healthz)[0] == 200 and asked(health.readyz)[0] == 200


def test_overdue_is_counted_by_the_clock_of_the_program(committed: str) -> None:
    town = community(at=now())
    receipt = report(town, at=now())
    assert (measured("linli_matters_open"), measured("linli_matters_overdue")) == (1, 0)
    with write():
        set_clock(to=receipt.due_at + timedelta(minutes=1))
    assert (measured("linli_matters_open"), measured("linli_matters_overdue")) == (1, 1)


def test_a_process_says_by_which_time_it_works(committed: str) -> None:
    with write():
        set_clock(to=now() + timedelta(days=3))
    expected = now()
    said = json.loads(asked(health.healthz)[1])
    assert said["ok"] is True and timedelta(0) <= datetime.fromisoformat(said["at"]) - expected < timedelta(minutes=1)
