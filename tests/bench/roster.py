"""``linli bench roster``: a week's roster of 60 volunteers for 14 shifts, with the gap to what no roster can be fairer than.

Floor: the same question with cover alone (a flow, so to say), to see what the other rules cost.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from linli.engines.duties.shifts.rules.roster import Limits, Slot, Volunteer, broken_rules
from linli.engines.duties.shifts.rules.solve import Proposal, propose
from tests.bench.stage import say

PEOPLE, DAYS, SECONDS = 60, 7, 9.0
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
LIMITS = Limits()


def week(dice: Random) -> tuple[list[Slot], list[Volunteer]]:
    """Seven days with a shift by day and one at night, four to six people each, one of them with first aid, one with keys at night."""
    slots = []
    for number in range(2 * DAYS):
        night = number % 2 == 1
        starts = MONDAY + timedelta(days=number // 2, hours=22 if night else 14)
        skills = {"first_aid": 1, "keys": 1} if night else {"first_aid": 1}
        slots.append(Slot(UUID(int=number + 1), starts, starts + timedelta(hours=8 if night else 6), 4, 6, skills, night))
    people = [
        Volunteer(
            UUID(int=1000 + number),
            frozenset(skill for skill, share in (("first_aid", 0.3), ("keys", 0.25)) if dice.random() < share),
            new=dice.random() < 0.3,
            carried=dice.randrange(0, 6),
            away=frozenset(slot.id for slot in slots if dice.random() < 0.6),
        )
        for number in range(PEOPLE)
    ]
    return slots, people


def main() -> dict[str, Any]:
    runs: list[dict[str, Any]] = []
    for seed in range(5):
        slots, people = week(Random(seed))
        began = time.perf_counter()
        answer = propose(slots, people, limits=LIMITS, seconds=SECONDS)
        took = time.perf_counter() - began
        assert isinstance(answer, Proposal), answer
        assert broken_rules(slots, people, answer.roster, limits=LIMITS) == []
        runs.append({
            "name": f"week {seed}: {PEOPLE} people, {len(slots)} shifts", "seconds": round(took, 2), "cost": answer.cost, "bound": answer.bound,
            "gap": round(answer.gap, 4), "limit": 10,
        })  # fmt: skip
        say(f"week {seed}: {PEOPLE} people, {len(slots)} shifts: {took:.2f} s, cost {answer.cost}, bound {answer.bound}, gap {answer.gap:.2%}")
    slots, people = week(Random(0))
    bare = [Slot(slot.id, slot.starts, slot.ends, slot.least, slot.most) for slot in slots]
    began = time.perf_counter()
    propose(bare, [Volunteer(person.id, carried=person.carried) for person in people], limits=Limits(timedelta(0), 14))
    floor = time.perf_counter() - began
    say(f"cover alone: {floor:.2f} s")
    worst = max(run["seconds"] for run in runs)
    return {"name": "roster", "runs": runs, "floors": [{"name": "cover alone", "seconds": round(floor, 2), "ratio": round(worst / max(floor, 0.01), 1)}]}


if __name__ == "__main__":
    main()
