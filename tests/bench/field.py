"""``linli bench field``: what a phone kept for a day is handed in when there is signal again: 500 check-ins over HTTP.

As a phone does it: one session, 50 check-ins a request, one request after the other, each answered before the next. Once as 500
visits that were done, once as 250 that were set out for and done, each building on the one before.
"""

from __future__ import annotations

import http.client
import json
import os
import tempfile
import time
import urllib.parse
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.duties import DUTIES, MONDAY, _community
from tests.bench.stage import Stage, say, spread

CHECK_INS, BATCH = 500, 50
AT = MONDAY + timedelta(hours=6)
STEPS = ((MONDAY + timedelta(hours=2), "start"), (MONDAY + timedelta(hours=3), "finish"))


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="linli-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ.pop("DATABASE_URL", None)
        os.environ["LINLI_DATA"] = name
        session = _set_up(folder)
        stage = Stage(folder)
        with stage.serving():
            phone = _Phone(stage.port, session)
            kept, opened = phone.snapshot(), time.perf_counter()
            phone.snapshot()
            opened = time.perf_counter() - opened
            open_ones = [item for item in kept["kinds"]["duties"]["items"] if item["state"] == "open"]
            say(f"{len(kept['kinds']['duties']['items'])} duties carried, fetched in {opened:.2f} s")
            everything = _all_open(stage)
            whole = phone.hand_in([_parcel(one, "finish", STEPS[1][0]) for one in everything[:CHECK_INS]])
            pairs = [
                _parcel(one, verb, at, after=f"start-{one}" if verb == "finish" else "")
                for one in everything[CHECK_INS : CHECK_INS + CHECK_INS // 2]
                for at, verb in STEPS
            ]
            chained = phone.hand_in(pairs)
        return {
            "name": "field",
            "runs": [
                {"name": f"{CHECK_INS} visits done off line, {BATCH} a request", "seconds": whole["seconds"], "limit": 3, **whole["spread"]},
                {"name": f"{CHECK_INS} check-ins, start and finish of {CHECK_INS // 2} visits", "seconds": chained["seconds"], "limit": 3, **chained["spread"]},
                {"name": f"my day fetched, {len(open_ones)} open duties", "seconds": round(opened, 2)},
            ],
            "peak_rss_mb": round(stage.peak_kib / 1024),
        }


def _set_up(folder: Path) -> str:
    """A district; one grid head with more doors than a day has hours; the head's session."""
    from linli.interfaces.cli.runtime import running_database, start_django

    with running_database(make=True):
        from linli.interfaces.cli.installation import prepare_database

        prepare_database()
        start_django()
        from django.conf import settings
        from django.db import connections
        from django.test import Client

        from linli.directory.organisation.selectors import organisation
        from linli.directory.people.services import link_user
        from linli.directory.territory.selectors import ground
        from linli.engines.duties import tasks
        from linli.engines.duties.rules.subjects import Subject
        from linli.engines.duties.services.subjects import set_subjects
        from linli.kernel.access.rules import SYSTEM
        from linli.kernel.access.services.users import create_user
        from linli.kernel.clock.services import set_clock
        from linli.kernel.ids import new_id
        from linli.kernel.writing import write

        say("Setting up a district …")
        _community(folder, DUTIES)
        grid = ground().of_level("grid")[0]
        subjects = [Subject("care_case", new_id(), grid.id, f"G-{number:05}", {"level": "weekly"}) for number in range(CHECK_INS * 2)]
        with write():
            set_subjects(subjects, actor=SYSTEM, at=MONDAY)
        tasks.derive_due(MONDAY)
        while tasks.sweep(MONDAY + timedelta(hours=1)):
            pass
        post = organisation().head("grid", grid.id)
        assert post is not None
        with write():
            user = create_user(actor=SYSTEM, at=MONDAY, username="head", password="a long enough password")
            link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().holder(post.id, MONDAY).person_id, user_id=user.pk)
            set_clock(to=AT)
        client = Client()
        client.force_login(user)
        connections.close_all()
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _all_open(stage: Stage) -> list[str]:
    with stage.owner() as link:
        return [str(row[0]) for row in link.execute("SELECT id FROM duties_occurrence WHERE state = 'open' AND rule = 'weekly' ORDER BY id")]


def _parcel(duty: str, verb: str, at: Any, *, after: str = "") -> dict[str, Any]:
    return {"kind": "duties", "key": f"{verb}-{duty}", "at": at.isoformat(), "subject": duty, "version": 2, "verb": verb, "after": after, "text": ""}


class _Phone:
    """One session, one connection."""

    def __init__(self, port: int, session: str) -> None:
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies, self.token, self.who = session, "", ""

    def snapshot(self) -> Any:
        self.link.request("GET", "/field/snapshot", headers={"Cookie": self.cookies, "Accept": "application/json"})
        answer = self.link.getresponse()
        body = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(f"the snapshot answers {answer.status}: {body}")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and "csrf" in value.split("=")[0]:
                self.token = value.split("=", 1)[1].split(";")[0]
                self.cookies = f"{self.cookies.split(';')[0]}; {value.split(';')[0]}"
        self.who = body["who"]["id"]
        return body

    def hand_in(self, parcels: list[dict[str, Any]]) -> dict[str, Any]:
        times, began = [], time.perf_counter()
        for start in range(0, len(parcels), BATCH):
            body = urllib.parse.urlencode({"who": self.who, "actions": json.dumps(parcels[start : start + BATCH])})
            headers = {"Cookie": self.cookies, "X-CSRFToken": self.token, "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
            sent = time.perf_counter()
            self.link.request("POST", "/field/sync", body, headers)
            answer = self.link.getresponse()
            told = json.loads(answer.read())
            times.append(time.perf_counter() - sent)
            if answer.status != 200 or any(one["status"] != "done" for one in told["results"]):
                raise SystemExit(f"not every check-in was taken: {answer.status} {str(told)[:400]}")
        seconds = round(time.perf_counter() - began, 2)
        say(f"{len(parcels)} check-ins handed in: {seconds} s")
        return {"seconds": seconds, "spread": spread(times)}
