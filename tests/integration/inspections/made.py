"""A small community under the fishing net: a hotel and a rental house in the first grid, a workshop beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.directory.territory.selectors.things import entities, places
from linli.directory.territory.services.records import import_records
from linli.engines.duties import tasks
from linli.engines.duties.inspections.services.leaves import NewLeaf, Written, write_leaf
from linli.engines.duties.models import Occurrence
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.services.checkin import Command, check_in
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.clock.services import set_clock
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import Community, community
from tests.integration.duties.test_evidence import signed, taken

FISHINGNET = Path(__file__).resolve().parents[3] / "playbooks" / "fishingnet" / "playbook.yaml"
MORNING = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)  # nine in the morning in China, a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REGISTERED = {"operator": "福来旅馆有限公司", "exits": 2}


@dataclass
class Town:
    community: Community
    hotel: UUID
    rental: UUID
    workshop: UUID

    def actor(self, level: str = "grid", grid: int = 0) -> Actor:
        """Whoever heads a level over a grid."""
        post = self.community.head(level, grid)
        access = {"grid_head": "grid_head", "station_duty": "station_duty"}.get(post.role, post.role)
        return Actor(
            id=f"user:{post.code}", kind=ActorKind.USER, person_id=organisation().holder(post.id, MORNING).person_id,
            grants=(role_grant(access, post.area_path),), post_ids=frozenset({post.id}),
        )  # fmt: skip

    def write(
        self,
        form: str,
        answers: dict[str, Any],
        *,
        version: int = 0,
        actor: Actor | None = None,
        at: datetime = MORNING + HOUR,
        key: str = "",
        **shown: Any,
    ) -> Written:
        with write():
            return write_leaf(NewLeaf("place", self.hotel, form, answers, version, key, **shown), actor=actor or self.actor(), at=at)

    def census(self, *, at: datetime = MORNING + HOUR) -> None:
        """Every yearly leaf of the hotel is written."""
        pledge = {"signed": True, "on": "2026-01-05"}
        for form, answers in (("registration", REGISTERED), ("staff", {"staff": 12}), ("safety_pledge", pledge), ("fire_pledge", pledge)):
            self.write(form, answers, at=at, signature=signed() if answers is pledge else None)

    def finish(self, rule: str, ref: UUID, form: dict[str, Any], *, at: datetime, actor: Actor | None = None) -> Occurrence:
        """Finish the duty of a subject that runs at ``at``, with a photo and a signature; and let the stories run."""
        one = Occurrence.objects.filter(rule=rule, subject__ref=ref, opens_at__lte=at).latest("opens_at")
        command = Command((one.id,), Verb.FINISH, at, form=form, photos=[taken()], signature=signed())
        with write():
            set_clock(to=at)
        with write():
            (result,) = check_in([command], actor=actor or self.actor(), at=at)
        if isinstance(result, Refusal):
            raise result
        self.run(at)
        return one

    def run(self, at: datetime) -> None:
        with write():
            set_clock(to=at)
        while dispatch_once():
            pass
        tasks.derive_due(at)
        tasks.sweep(at)


def town() -> Town:
    made = community(at=MORNING, playbook=FISHINGNET)
    records = [("福来旅馆", "hotel", RecordKind.PLACE), ("三巷五号", "rental", RecordKind.PLACE), ("永兴加工厂", "workshop", RecordKind.ENTITY)]
    with write():
        set_clock(to=MORNING)
    for name, code, kind in records:
        source = RecordSource(code=f"T-{code}", names={"zh": name}, class_code=code, point=made.point(), address=f"一号路 {name}")
        with write():
            import_records(actor=SYSTEM, at=MORNING, kind=kind, records=[source])
    ids = {one.name: one.id for one in [*places(), *entities()]}
    found = Town(made, ids["福来旅馆"], ids["三巷五号"], ids["永兴加工厂"])
    found.run(MORNING)
    return found
