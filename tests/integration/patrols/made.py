"""A team with a route of four checkpoints in its grid, a daily shift, and people who walk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from linli.directory.teams import services as team_services
from linli.engines.duties.patrols.models import Checkpoint
from linli.engines.duties.patrols.rules.codes import Shown
from linli.engines.duties.patrols.services import routes
from linli.engines.duties.patrols.services.proofs import Proof, code_of
from linli.engines.duties.patrols.services.rounds import Met, Position, check_in
from linli.engines.duties.shifts.models import Shift
from linli.engines.duties.shifts.services import rosters as shift_services
from linli.kernel.access.rules import Actor, ActorKind, Confidentiality, Grant
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL
from tests.integration.teams.made import Town, teaming_town

TODAY = date(2026, 3, 2)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECTIONS: dict[str, Any] = {
    "shifts": {"rest_hours": 0, "most_a_week": 7, "cut_off_hours": 12, "experienced_after": 0, "horizon_days": 14},
    "patrols": {"interval_minutes": 60, "grace_minutes": 10, "lone_minutes": 30, "lone_escalate_minutes": 10, "reach_metres": 300},
}
TAG = "04A2B3C4D5E680"
SPOTS = (("东门", "East gate", Shown.SHEET), ("岗亭", "Guard room", Shown.DISPLAY), ("水泵房", "Pump room", Shown.TAG), ("河边", "River bank", Shown.POSITION))


@dataclass
class Beaten:
    """The community, its team with ann as captain, the route, and what there is on it by name in English."""

    town: Town
    team: UUID
    route: UUID
    people: dict[str, Actor]

    @property
    def captain(self) -> Actor:
        return self.people["ann"]

    def manager(self, area_path: str = "", *permissions: str) -> Actor:
        grant = Grant("x", frozenset(permissions or {"patrols.read", "patrols.manage"}), area_path, Confidentiality.INTERNAL)
        return Actor("user:patrols", ActorKind.USER, grants=(grant,))

    def spot(self, name: str) -> Checkpoint:
        return Checkpoint.objects.get(route_id=self.route, names__en=name, retired_at=None)

    def shift(self, number: int = 0) -> Shift:
        return Shift.objects.order_by("starts_at")[number]

    def sign(self, name: str, number: int = 0) -> None:
        with write():
            shift_services.sign_up(actor=self.people[name], at=MONDAY, shift_id=self.shift(number).id)

    def proof(self, name: str, at: datetime) -> Proof:
        spot = self.spot(name)
        if spot.shown in (Shown.SHEET, Shown.DISPLAY):
            return Proof(code=code_of(spot, at).token)
        return Proof(tag=TAG) if spot.shown == Shown.TAG else Proof(checkpoint=spot.id)

    def meet(self, who: str, name: str, at: datetime, **more: Any) -> Met:
        """Somebody meets a checkpoint: by its proof of that time, with the phone there where it is needed."""
        spot = self.spot(name)
        given = {"key": f"{who}-{name}-{at.isoformat()}", "proof": self.proof(name, more.get("happened_at", at)), **more}
        if spot.shown == Shown.POSITION:
            given.setdefault("position", Position(spot.lon, spot.lat))
        with write():
            return check_in(actor=self.people[who], at=at, **given)

    def walk(self, who: str, at: datetime) -> None:
        for number, (_, name, _) in enumerate(SPOTS):
            self.meet(who, name, at + number * MINUTE)


def beaten_town(folder: Path, **sections: Any) -> Beaten:
    """The town as it stands on Monday at nine; its shift is every day from 20:00 to 23:00."""
    town = teaming_town(folder, **{**SECTIONS, **sections})
    team = town.team()
    people = {name: town.member(team, name) for name in ("ann", "bob", "cid")}
    with write():
        for actor in people.values():
            team_services.pass_course(actor=town.manager(), at=MONDAY, team_id=team, person_id=actor.person_id, course="first_aid", on=TODAY)
        team_services.appoint_captain(actor=town.manager(), at=MONDAY, team_id=team, person_id=people["ann"].person_id, ends_at=MONDAY + timedelta(days=300))
    with write():
        weekly = shift_services.NewTemplate({"zh": "夜巡", "en": "Night walk"}, tuple(range(7)), time(20), 180, 1, 3, TODAY)
        shift_services.lay_template(actor=people["ann"], at=MONDAY, team_id=team, template=weekly)
    lon, lat = town.town.point(0)
    with write():
        new = routes.NewRoute({"zh": "河东线", "en": "East bank"}, closed=True)
        route = routes.make_route(actor=people["ann"], at=MONDAY, team_id=team, route=new)
        for number, (zh, en, shown) in enumerate(SPOTS):
            spot = routes.NewCheckpoint({"zh": zh, "en": en}, lon + (number % 2) * 0.0006, lat + (number // 2) * 0.0004, shown, 50)
            key = routes.add_checkpoint(actor=people["ann"], at=MONDAY, route_id=route, checkpoint=spot)
            if shown is Shown.TAG:
                routes.hang_tag(actor=people["ann"], at=MONDAY, checkpoint_id=key, tag=TAG)
    with write():
        set_clock(to=MONDAY)
    return Beaten(town, team, route, people)


def seeing() -> dict[str, Any]:
    """The small playbook's access with patrols for the desk of the street."""
    access: dict[str, Any] = yaml.safe_load(SMALL.read_text())["access"]
    access["roles"]["street_duty"]["permissions"] += ["patrols.read", "patrols.manage"]
    return access
