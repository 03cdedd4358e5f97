"""A community with teams: the small playbook with a teams section, a manager, residents with accounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from linli.directory.teams.services import NewTeam, answer_applicant, apply_to_team, found_team
from linli.kernel.access.models import User
from linli.kernel.access.rules import Actor, ActorKind, Confidentiality, Grant
from linli.kernel.access.selectors import actor_of_user
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, community

TEAMS: dict[str, Any] = {
    "kinds": [
        {
            "code": "patrol",
            "names": {"zh": "巡逻队", "en": "Patrol"},
            "duties": {"zh": "夜间巡逻", "en": "Walks at night"},
            "courses": ["first_aid"],
            "captains": 2,
        },
        {"code": "publicity", "names": {"zh": "宣传队", "en": "Publicity"}},
    ],
    "venues": [
        {"code": code, "names": {"zh": zh, "en": en}}
        for code, zh, en in (("community", "社区", "Community"), ("campus", "校园", "Campus"), ("compound", "大院", "Compound"), ("mall", "商场", "Mall"))
    ],
    "courses": [{"code": "first_aid", "names": {"zh": "急救", "en": "First aid"}, "valid_days": 365}],
}


def playbook(folder: Path, **sections: Any) -> Path:
    given = yaml.safe_load(SMALL.read_text())
    given |= {"teams": TEAMS, **sections}
    roles = given["access"]["roles"]
    roles["street_duty"]["permissions"] = [*roles["street_duty"]["permissions"], "teams.read", "teams.manage", "shifts.read"]
    path = folder / "playbook.yaml"
    path.write_text(yaml.safe_dump(given, allow_unicode=True))
    return path


@dataclass(frozen=True)
class Town:
    town: Community

    def manager(self, area_path: str = "") -> Actor:
        grant = Grant("x", frozenset({"teams.read", "teams.manage"}), area_path, Confidentiality.INTERNAL)
        return Actor("user:manager", ActorKind.USER, grants=(grant,))

    def team(self, code: str = "night", kind: str = "patrol") -> UUID:
        with write():
            new = NewTeam(code, kind, {"zh": "夜巡一队", "en": "Night watch"}, self.town.grids[0].code)
            return found_team(actor=self.manager(), at=MONDAY, team=new)

    def account(self, name: str) -> User:
        return User.objects.create(username=name, kind=User.Kind.RESIDENT, created_at=MONDAY)

    def resident(self, name: str) -> Actor:
        user = User.objects.filter(username=name).first() or self.account(name)
        return actor_of_user(user.pk, MONDAY)

    def member(self, team_id: UUID, name: str) -> Actor:
        with write():
            membership = apply_to_team(actor=self.resident(name), at=MONDAY, team_id=team_id, agreed=True, name=name.title(), contact="13800000001")
            answer_applicant(actor=self.manager(), at=MONDAY, membership_id=membership, accept=True)
        return self.resident(name)


def teaming_town(folder: Path, **sections: Any) -> Town:
    return Town(community(playbook=playbook(folder, **sections)))
