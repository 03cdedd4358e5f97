"""Many records of a fixed seed, lived through by the services: reports, solutions at each level, clocks that run out."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shapely.geometry import Point

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.intake import ReportRequest
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.facts import clocks_of
from linli.engines.matters.services.act import act, time_out
from linli.engines.matters.services.report import ReportReceipt, report_matters
from linli.interfaces.scenario.story import Generate
from linli.kernel.access.rules import Actor
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.writing import write

BATCH = 500


def generate(wanted: Generate, *, at: datetime) -> int:
    """Report ``wanted.reports`` matters over its days from ``at`` on, and have each level solve its share in its time.

    What a level does not solve waits until its clock runs out. The last level solves all that reaches it.
    """
    actor = Actor.system("scenario")
    chance = random.Random(wanted.seed)  # noqa: S311 - has to be the same every time
    section = active_playbook().section(MattersSection)
    requests = requests_of(wanted, at=at)
    waiting: list[UUID] = []
    for start in range(0, len(requests), BATCH):
        with write():
            receipts = report_matters(requests[start : start + BATCH], actor=actor, at=at + timedelta(days=wanted.days))
        waiting += [receipt.matter_id for receipt in receipts if isinstance(receipt, ReportReceipt)]
    for place, level in enumerate(section.route):
        top = place == len(section.route) - 1
        waiting = _solve(waiting, chance, 1.0 if top else wanted.solved.get(level.level, 0.0), actor)
        if not top:
            _wait(waiting)
    return len(requests)


def requests_of(wanted: Generate, *, at: datetime) -> list[ReportRequest]:
    """The reports themselves: components and events all over the lowest areas, each at a moment of the days from ``at`` on."""
    chance = random.Random(wanted.seed)  # noqa: S311 - has to be the same every time
    spots = random.Random(wanted.seed)  # noqa: S311 - of its own, so that places change nothing else
    section = active_playbook().section(MattersSection)
    classes = [part for part in section.classes if part.kind in ("component", "event") and part.start_at is None]
    lowest = [area for area in ground().of_level(section.route[0].level) if area.centre is not None]
    requests = []
    for number in range(wanted.reports):
        part, area = chance.choice(classes), chance.choice(lowest)
        lon, lat = _somewhere(area, spots)
        requests.append(
            ReportRequest(
                at=at + timedelta(seconds=chance.randrange(wanted.days * 86_400)),
                class_code=part.code,
                condition=chance.choice(part.conditions).code,
                text=f"{part.names.zh} {number}",
                lon=lon,
                lat=lat,
                source="grid",
            )
        )
    return requests


def _somewhere(area: AreaNode, chance: random.Random) -> tuple[float, float]:
    """A point in the area; its middle where it has no outline."""
    assert area.centre is not None
    shape = ground().polygon(area.id)
    if shape is None:
        return area.centre
    west, south, east, north = shape.bounds
    for _ in range(50):
        lon, lat = round(chance.uniform(west, east), 6), round(chance.uniform(south, north), 6)
        if shape.contains(Point(lon, lat)):
            return lon, lat
    return area.centre


def _wait(ids: Sequence[UUID]) -> None:
    """Let the clock of each of these run out, each at its own deadline: a sweep of all at the last one would run out the next clocks, too."""
    by_deadline: dict[datetime, list[UUID]] = defaultdict(list)
    for matter_id, _, due in clocks_of(ids=ids):
        by_deadline[due].append(matter_id)
    for due in sorted(by_deadline):
        with write():
            time_out(by_deadline[due], at=due)


def _solve(ids: Sequence[UUID], chance: random.Random, part: float, actor: Actor) -> list[UUID]:
    """Have a share of the matters solved at a moment within the level's clock; return the rest."""
    commands: list[Command] = []
    rest: list[UUID] = []
    for matter_id, since, due in clocks_of(ids=ids):
        if chance.random() >= part:
            rest.append(matter_id)
            continue
        # The top level's clock may have nothing left: it solves within eight hours all the same, late.
        moment = since + ((due - since) or timedelta(hours=8)) * chance.uniform(0.02, 0.95)
        commands += [Command(matter_id=matter_id, verb=verb, at=moment, text="已处置完毕。") for verb in (Verb.SOLVE, Verb.VERIFY, Verb.CLOSE)]
    for start in range(0, len(commands), 3 * BATCH):
        with write():
            act(commands[start : start + 3 * BATCH], actor=actor)
    return rest
