"""After any commands at any time: every open matter has one post that serves and a deadline (A), every reporter of an ended one is answered (B).

The machine keeps matters and reporters as the services do: settle, decide, hand reporters over on merging, answer on ending.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from linli.engines.matters.rules.case import Case
from linli.engines.matters.rules.clocks import next_wake, settle
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.decide import decide
from linli.engines.matters.rules.states import ENDED, State, Verb
from linli.kernel.refusal import Refusal
from tests.unit.engines.matters.made import AREAS, AT, FakeWorld, begun, named, place, policy

POLICY = policy(max_extensions=2)
POSTS = ("grid 1", "grid 2", "street", "district")
FREE = sorted(set(Verb) - {Verb.MERGE, Verb.REPORT, Verb.TIME_OUT, Verb.JOIN})


@dataclass
class Reporter:
    first: int
    matter: int
    answered_at: datetime | None = None


class Matters(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = FakeWorld()
        self.now = AT
        self.cases: list[Case] = []
        self.reporters: list[Reporter] = []
        self.reported: list[tuple[datetime, str]] = []

    # -- what happens ---------------------------------------------------------------------------------------------

    @rule(area=st.sampled_from(sorted(AREAS)), code=st.sampled_from(sorted(POLICY.classes)), unplaced=st.booleans())
    def report(self, area: str, code: str, unplaced: bool) -> None:
        number = len(self.cases)
        case = begun(f"m{number}", area=area, class_code=code, placing="unplaced" if unplaced else "inside", at=self.now, world=self.world, rules=POLICY)
        self.cases.append(case)
        self.reported.append((case.due_at, case.class_code + case.condition))
        self.reporters.append(Reporter(number, number))

    @rule(minutes=st.integers(1, 60 * 24 * 20))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.cases)
    @rule()
    def sweep(self) -> None:
        for number, case in enumerate(self.cases):
            wake = next_wake(case, policy=POLICY)
            if wake is not None and wake <= self.now:
                self.cases[number], hops = settle(case, world=self.world, policy=POLICY, at=self.now)
                assert hops

    @precondition(lambda self: self.cases)
    @rule(data=st.data(), verb=st.sampled_from(FREE), back=st.integers(0, 200))
    def act(self, data: st.DataObject, verb: Verb, back: int) -> None:
        number = data.draw(st.integers(0, len(self.cases) - 1))
        ahead = data.draw(st.integers(1, 80))
        wish = Command(
            matter_id=self.cases[number].id,
            verb=verb,
            at=self.now - timedelta(seconds=back),
            reason="x",
            text="x",
            post_id=named(data.draw(st.sampled_from([post for post in POSTS if named(post) not in self.world.retired]))),
            until=self.now + timedelta(days=ahead),
            class_code=data.draw(st.sampled_from(["", *POLICY.classes])),
            condition=data.draw(st.sampled_from(["", "bad"])),
            place=data.draw(st.sampled_from([None, *map(place, AREAS)])),
            reached=True,
        )
        self._do(number, wish)

    @precondition(lambda self: self.cases)
    @rule(data=st.data(), verb=st.sampled_from([Verb.SOLVE, Verb.VERIFY, Verb.CLOSE, Verb.REOPEN]))
    def go_on(self, data: st.DataObject, verb: Verb) -> None:
        """Towards closing and back, more often than by chance."""
        number = data.draw(st.integers(0, len(self.cases) - 1))
        self._do(number, Command(self.cases[number].id, verb, self.now, reason="x", text="x"))

    @precondition(lambda self: len(self.cases) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        one, other = (data.draw(st.integers(0, len(self.cases) - 1)) for _ in range(2))
        if self.cases[other].is_open:  # the service refuses a target that has ended
            self._do(one, Command(self.cases[one].id, Verb.MERGE, self.now, reason="x", into_id=self.cases[other].id), into=other)

    @precondition(lambda self: self.cases)
    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(self.cases) - 1))
        if self._do(number, Command(self.cases[number].id, Verb.JOIN, self.now)):
            self.reporters.append(Reporter(number, number))

    @rule(post=st.sampled_from(POSTS[:3]))
    def retire(self, post: str) -> None:
        """A post that an open matter rests on cannot be retired (``register_post_use``)."""
        if not any(case.is_open and named(post) in (case.accountable_post_id, case.handler_post_id) for case in self.cases):
            self.world.retired.add(named(post))

    def _do(self, number: int, wish: Command, into: int | None = None) -> bool:
        before = self.cases[number]
        case, _ = settle(before, world=self.world, policy=POLICY, at=wish.at)
        try:
            after = decide(case, wish, world=self.world, policy=POLICY)
        except Refusal:
            return False
        self.cases[number] = after
        assert after.version > before.version
        own = [reporter for reporter in self.reporters if reporter.matter == number]
        for reporter in own:
            if into is not None:
                reporter.matter = into
            elif after.state in ENDED and before.state not in ENDED:
                reporter.answered_at = after.closed_at
            elif after.is_open:
                reporter.answered_at = None
        return True

    # -- what always holds ----------------------------------------------------------------------------------------

    @invariant()
    def every_open_matter_has_one_post_that_serves_and_a_deadline(self) -> None:
        for case in self.cases:
            if case.is_open:
                assert case.accountable_post_id in {named(post) for post in POSTS}
                assert self.world.serves(case.accountable_post_id)
                assert 0 <= case.level <= POLICY.top
                assert case.level_due_at >= case.level_since >= case.reported_at
                assert (case.level == POLICY.top and case.state is not State.SUSPENDED) or next_wake(case, policy=POLICY) is not None

    @invariant()
    def every_reporter_of_an_ended_matter_was_answered_at_its_end(self) -> None:
        for reporter in self.reporters:
            case = self.cases[reporter.matter]
            assert case.state is not State.MERGED
            assert case.is_open or reporter.answered_at == case.closed_at
            here = self.cases[reporter.first]
            while here.merged_into_id is not None:  # ends: a matter is merged into an open one, and never comes back
                here = next(other for other in self.cases if other.id == here.merged_into_id)
            assert here is case

    @invariant()
    def the_promise_changes_with_the_class_alone(self) -> None:
        for number, case in enumerate(self.cases):
            promise, kind = self.reported[number]
            if case.class_code + case.condition == kind:
                assert case.due_at == promise
            else:
                self.reported[number] = (case.due_at, case.class_code + case.condition)


TestMatters = Matters.TestCase
TestMatters.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
