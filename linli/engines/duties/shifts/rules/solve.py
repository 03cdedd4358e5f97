"""A roster proposed by OR-Tools CP-SAT: the six rules hold, and the load is as even as it can be, months before included.

Fairness: the sum over people of the square of their load (shifts carried over, held besides in these weeks, and now) is the least
possible; the solver's bound says how far from it the proposal may be. Where no roster keeps to all rules, the rules without which there would be one are named.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, groupby, pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

from linli.engines.duties.shifts.rules.roster import Limits, RosterRule, Slot, Volunteer, too_close

if TYPE_CHECKING:
    pass  # it brings pandas along, a fifth of the program's start: loaded where a roster is proposed

RELAXABLE = (RosterRule.COVER, RosterRule.AVAILABLE, RosterRule.REST, RosterRule.SKILLS, RosterRule.PAIRS, RosterRule.NEW, RosterRule.MOST)
EXPLAIN_SECONDS = 2.0  # for each question which rule stands in the way


@dataclass(frozen=True, slots=True)
class Proposal:
    """A roster that keeps to every rule.

    Attributes:
        roster: people by shift.
        cost, bound: the unfairness of it, and what it cannot be lower than.
    """

    roster: dict[UUID, frozenset[UUID]]
    cost: int
    bound: int

    @property
    def gap(self) -> float:
        """How far the proposal may be from the fairest one, as a share of its cost: 0 says that it is the fairest."""
        return (self.cost - self.bound) / self.cost if self.cost else 0.0


@dataclass(frozen=True, slots=True)
class Impossible:
    """No roster keeps to all rules: without any one of ``rules`` there is one (``together``: without all of them).

    Attributes:
        slots: shifts that cannot be staffed even alone, where there are such.
    """

    rules: tuple[RosterRule, ...]
    slots: tuple[UUID, ...] = ()
    together: bool = False


@dataclass(frozen=True, slots=True)
class Undecided:
    """The time ran out before a roster was found, or shown to be impossible."""


Answer = Proposal | Impossible | Undecided


def propose(
    slots: Sequence[Slot], people: Sequence[Volunteer], *, limits: Limits, fixed: Collection[tuple[UUID, UUID]] = (), seconds: float = 8.0,
) -> Answer:  # fmt: skip
    """A roster of these people for these shifts. ``fixed``: (shift, person) who signed up already and stay.

    The same question has the same answer as long as the time suffices.
    """
    from ortools.sat.python import cp_model

    model = _Model(slots, people, limits, frozenset(fixed), frozenset())
    status = model.solve(seconds)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return model.proposal()
    if status == cp_model.INFEASIBLE:
        return _explained(slots, people, limits, frozenset(fixed))
    return Undecided()


def _explained(slots: Sequence[Slot], people: Sequence[Volunteer], limits: Limits, fixed: frozenset[tuple[UUID, UUID]]) -> Impossible:
    from ortools.sat.python import cp_model

    feasible = (cp_model.OPTIMAL, cp_model.FEASIBLE)

    def works(relaxed: Collection[RosterRule], of: Sequence[Slot] = slots) -> bool:
        held = frozenset(pair for pair in fixed if any(slot.id == pair[0] for slot in of))
        return _Model(of, people, limits, held, frozenset(relaxed), fair=False).solve(EXPLAIN_SECONDS) in feasible

    alone = tuple(slot.id for slot in slots if not works((), [slot]))
    single = tuple(rule for rule in RELAXABLE if works((rule,)))
    if single:
        return Impossible(single, alone)
    for size in (2, 3):
        for rules in combinations(RELAXABLE, size):
            if works(rules):
                return Impossible(rules, alone, together=True)
    return Impossible(RELAXABLE, alone, together=True)


def _load(person: Volunteer) -> int:
    return person.carried + sum(person.held.values())


class _Model:
    """The rules as constraints; those in ``relaxed`` are left out."""

    def __init__(
        self, slots: Sequence[Slot], people: Sequence[Volunteer], limits: Limits, fixed: frozenset[tuple[UUID, UUID]], relaxed: frozenset[RosterRule],
        *, fair: bool = True,
    ) -> None:  # fmt: skip
        from ortools.sat.python import cp_model

        self._slots = sorted(slots, key=lambda slot: (slot.starts, slot.id))
        self._people = sorted(people, key=lambda person: person.id)
        self._limits, self._relaxed = limits, relaxed
        self._model = cp_model.CpModel()
        self._solver = cp_model.CpSolver()
        self._on = {
            (slot.id, person.id): self._model.new_bool_var("")
            for slot in self._slots
            for person in self._people
            if slot.id not in person.away or (slot.id, person.id) in fixed or RosterRule.AVAILABLE in relaxed
        }
        for pair in fixed:
            if pair in self._on:
                self._model.add(self._on[pair] == 1)
        for slot in self._slots:
            self._lay_slot(slot)
        for person in self._people:
            self._lay_person(person)
        self._constant = sum(_load(person) ** 2 for person in self._people)
        if fair:
            self._model.minimize(sum(cost for person in self._people for cost in self._unfairness(person)))

    def _there(self, slot: Slot, people: Sequence[Volunteer]) -> list[Any]:
        return [self._on[slot.id, person.id] for person in people if (slot.id, person.id) in self._on]

    def _lay_slot(self, slot: Slot) -> None:
        everybody = self._there(slot, self._people)
        number = sum(everybody)
        if RosterRule.COVER not in self._relaxed:
            self._model.add(number >= slot.least)
        self._model.add(number <= slot.most)
        if slot.night and RosterRule.PAIRS not in self._relaxed:
            for one in everybody:
                self._model.add(number >= 2).only_enforce_if(one)
        if RosterRule.SKILLS not in self._relaxed:
            for skill, wanted in slot.skills.items():
                self._model.add(sum(self._there(slot, [person for person in self._people if skill in person.skills])) >= wanted)
        if RosterRule.NEW not in self._relaxed:
            experienced = self._there(slot, [person for person in self._people if not person.new])
            for one in self._there(slot, [person for person in self._people if person.new]):
                self._model.add(sum(experienced) >= 1).only_enforce_if(one)

    def _lay_person(self, person: Volunteer) -> None:
        own = [slot for slot in self._slots if (slot.id, person.id) in self._on]
        if RosterRule.MOST not in self._relaxed:
            for week, slots in groupby(own, key=lambda slot: slot.week):
                self._model.add(sum(self._on[slot.id, person.id] for slot in slots) <= self._left(person, week))
        if RosterRule.REST not in self._relaxed:
            for first, second in combinations(own, 2):
                if too_close(first, second, rest=self._limits.rest):
                    self._model.add(self._on[first.id, person.id] + self._on[second.id, person.id] <= 1)

    def _left(self, person: Volunteer, week: date) -> int:
        return max(0, self._limits.most - person.held.get(week, 0))

    def _unfairness(self, person: Volunteer) -> list[Any]:
        """What each further shift of a person adds to the square of the load: 2·load + 1, ever more."""
        own = {slot.id: self._on[slot.id, person.id] for slot in self._slots if (slot.id, person.id) in self._on}
        most = len(own)
        if RosterRule.MOST not in self._relaxed:
            most = min(most, sum(self._left(person, week) for week in {slot.week for slot in self._slots if slot.id in own}))
        steps = [self._model.new_bool_var("") for _ in range(most)]
        self._model.add(sum(own.values()) == sum(steps))
        for first, second in pairwise(steps):
            self._model.add(first >= second)
        return [(2 * (_load(person) + number) + 1) * step for number, step in enumerate(steps)]

    def solve(self, seconds: float) -> int:
        self._solver.parameters.max_time_in_seconds = seconds
        self._solver.parameters.random_seed = 1
        self._solver.parameters.num_workers = 1
        return int(self._solver.solve(self._model))

    def proposal(self) -> Proposal:
        roster = {
            slot.id: frozenset(person.id for person in self._people if (slot.id, person.id) in self._on and self._solver.value(self._on[slot.id, person.id]))
            for slot in self._slots
        }
        cost, bound = round(self._solver.objective_value), self._solver.best_objective_bound
        return Proposal(roster, cost + self._constant, min(cost, -int(-bound // 1)) + self._constant)
