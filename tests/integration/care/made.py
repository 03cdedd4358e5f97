"""A community that cares: the small playbook with a care section, workers and a reviewer, and a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.domains.care.rules.content import Content, Goal
from linli.domains.care.rules.terms import Basis, Terms
from linli.domains.care.services.cases import NewCase, open_case
from linli.kernel.access.rules import Actor, ActorKind, Confidentiality, Grant
from linli.kernel.writing import write
from tests.factories import MONDAY, SMALL, Community, community

TODAY = date(2026, 3, 2)
NAME, PHONE, PLAN = "赵素芬", "13812345678", "每周上门一次，帮助买药"
CARE: dict[str, Any] = {
    "purposes": [{"code": "living_alone", "names": {"zh": "独居老人", "en": "Living alone"}}],
    "duties": [
        {
            "code": "minors",
            "names": {"zh": "困境儿童", "en": "Children in difficulty"},
            "law": {"zh": "未成年人保护法", "en": "Law on the Protection of Minors"},
        }
    ],
    "levels": [{"code": code, "names": {"zh": zh, "en": en}} for code, zh, en in (("weekly", "每周", "Every week"), ("monthly", "每月", "Every month"))],
}
Desk = Callable[..., Client]  # a browser of somebody's, by the level of their post or by a role given directly
WORKING = ["care.work", "care.break_glass", "duties.read"]


def playbook(folder: Path, *, more: dict[str, Any] | None = None, **changes: Any) -> Path:
    """The small playbook, with care, in a folder of the test's own; ``more``: further rules and reasons of the duties section."""
    given = yaml.safe_load(SMALL.read_text())
    given["care"] = {**CARE, **changes}
    given["devices"] = {
        "kinds": [
            {"code": "care_bell", "names": {"zh": "爱心铃", "en": "Care bell"}, "opens": "A-0101", "private": True},
            {"code": "smoke", "names": {"zh": "烟感", "en": "Smoke detector"}, "opens": "E-0501"},
            {"code": "camera", "names": {"zh": "摄像头", "en": "Camera"}},
        ]
    }
    given["duties"] = {
        "rules": [
            {
                "code": f"care_{level}", "names": {"zh": "探访", "en": "Visit"}, "subjects": {"kind": "care", "where": {"level": level}}, "levels": ["grid"],
                "cadence": cadence, "visibility": "private",
            }
            for level, cadence in (("weekly", {"rule": "FREQ=WEEKLY;BYDAY=TH", "days": 3}), ("monthly", {"times": 1, "period": "month"}))
        ]
    }  # fmt: skip
    given["duties"]["rules"] += (more or {}).get("rules", [])
    given["duties"]["pauses"] = (more or {}).get("pauses", [])
    given["matters"]["kinds"].append({"code": "alarm", "names": {"zh": "报警", "en": "Alarm"}, "visibility": "private"})
    bell = {"code": "A-0101", "kind": "alarm", "names": {"zh": "爱心铃", "en": "Care bell"}, "urgent": True, "conditions": [{"time": "1 urgent_hours"}]}
    given["matters"]["classes"].append(bell)
    access = given["access"]["roles"]
    access["grid_head"]["permissions"] = [*access["grid_head"]["permissions"], *WORKING]
    access["street_duty"]["permissions"] = [*access["street_duty"]["permissions"], "care.review", "devices.read", "duties.read"]
    access["district_duty"]["permissions"] = [*access["district_duty"]["permissions"], *WORKING]
    access["device_gateway"] = {"name": {"zh": "设备网关", "en": "Device gateway"}, "clearance": "private", "permissions": ["devices.alarm"]}
    path = folder / "playbook.yaml"
    path.write_text(yaml.safe_dump(given, allow_unicode=True))
    return path


@dataclass(frozen=True)
class Town:
    town: Community

    def grant(self, *permissions: str, area_path: str = "") -> Grant:
        return Grant("x", frozenset(permissions), area_path, Confidentiality.PRIVATE)

    def worker(self, grid: int = 0) -> Actor:
        """Whoever holds the grid head's post."""
        post = self.town.head("grid", grid)
        person = organisation().appointee(post.id, MONDAY)
        area = self.town.grids[grid].path
        return Actor(f"user:worker{grid}", ActorKind.USER, person_id=person, grants=(self.grant(*WORKING, area_path=area),), post_ids=frozenset({post.id}))

    def colleague(self, grid: int = 0) -> Actor:
        """A care worker of the same area who is not of the case."""
        return replace(self.worker(grid), id="user:colleague", person_id=None, post_ids=frozenset())

    def reviewer(self) -> Actor:
        return Actor("user:reviewer", ActorKind.USER, grants=(self.grant("care.review"),))

    def terms(self, **changes: Any) -> Terms:
        given = {"review_on": TODAY + timedelta(days=60), "ends_on": TODAY + timedelta(days=300), "consent_until": TODAY + timedelta(days=300)}
        return Terms(Basis.CONSENT, "living_alone", "weekly", **{**given, "consent_given_on": TODAY, "consent_how": "paper", **changes})

    def duty(self, **changes: Any) -> Terms:
        return replace(self.terms(), basis=Basis.DUTY, duty="minors", consent_given_on=None, consent_until=None, consent_how="", **changes)

    def new_case(self, grid: int = 0, **changes: Any) -> NewCase:
        content = Content(NAME, PHONE, "2 栋 301", "想有人说说话", PLAN, (Goal("按时服药"), Goal("认识邻居")))
        return NewCase(
            **{"area_id": self.town.grids[grid].id, "worker_post": self.town.head("grid", grid).id, "terms": self.terms(), "content": content, **changes}
        )

    def case(self, grid: int = 0, **changes: Any) -> UUID:
        with write():
            return open_case(actor=self.worker(grid), at=MONDAY, case=self.new_case(grid, **changes))


def caring_town(folder: Path, **changes: Any) -> Town:
    return Town(community(playbook=playbook(folder, **changes)))
