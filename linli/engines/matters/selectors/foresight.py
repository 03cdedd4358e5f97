"""Looking ahead: what commands would do to matters, were they sent now. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from linli.directory.people.selectors import names_of
from linli.engines.matters.rules.case import Case
from linli.engines.matters.rules.clocks import settle
from linli.engines.matters.rules.command import Command, in_order
from linli.engines.matters.rules.decide import decide
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.handlers import Placed, PostChoice, choice_of, handlers_of
from linli.engines.matters.selectors.queue import COLUMNS, QueueRow, row_of, visible
from linli.engines.matters.services import rows
from linli.engines.matters.services.act import NoSuchMatter, checked, permitted
from linli.engines.matters.services.frame import Frame, frame
from linli.kernel.access.rules import Actor
from linli.kernel.refusal import N_, Kind, Refusal

MOST = 200


class TooMany(Refusal):
    code = "matters.too_many"
    message = N_("At most %(most)s matters go together. Choose fewer.")
    kind = Kind.LIMIT


class NobodySuggested(Refusal):
    code = "matters.nobody_suggested"
    message = N_("Nobody is suggested for this class and place: choose the post yourself.")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One matter and what the command would make of it.

    Attributes:
        row: the matter as it stands. ``command``: what would be sent, with the version seen.
        choice: whom it would go to and why it is suggested (None unless it is dispatched).
        after: the case after it; None where ``refusal`` says why it would not be done.
        owner, holder: the names of the post that would answer for it, and of who holds that post now.
    """

    row: QueueRow
    command: Command
    choice: PostChoice | None
    after: Case | None
    owner: dict[str, str]
    holder: str
    refusal: Refusal | None = None

    @property
    def moves(self) -> bool:
        """Whether another post would answer for it than does now."""
        return self.after is not None and self.owner != dict(self.row.post_names)


@dataclass(frozen=True, slots=True)
class Foresight:
    """Every matter asked about, in their order, and the posts that could take all of them or some."""

    matters: Sequence[Foreseen]
    choices: Sequence[PostChoice]
    people: dict[UUID, str]  # who holds the posts named

    @property
    def possible(self) -> Sequence[Foreseen]:
        return [one for one in self.matters if one.refusal is None]


def foresee(*, actor: Actor, at: datetime, codes: Sequence[str], verb: Verb, post_id: UUID | None = None, reason: str = "") -> Foresight:
    """Return what ``verb`` would do to each of these matters now; four queries, whatever their number.

    Dispatched without ``post_id``, each goes to the post that is suggested first for it. Unknown numbers are left out.

    Raises:
        TooMany: more than ``MOST`` numbers.
        NoSuchMatter: none of them is a matter that the actor may see.
    """
    if len(codes) > MOST:
        raise TooMany(most=MOST)
    land = frame()
    found = {values["code"]: values for values in visible(actor).filter(code__in=codes).values(*COLUMNS)}
    if not found:
        raise NoSuchMatter()
    known = rows.read_cases(values["id"] for values in found.values())
    ordered = [found[code] for code in dict.fromkeys(codes) if code in found]
    offered = handlers_of([_placed(known[values["id"]]) for values in ordered], land=land, at=at) if verb is Verb.DISPATCH else {}
    ahead = _Ahead(actor, at, verb, post_id, reason, known, offered, land)
    foreseen = [ahead.look(row_of(values, land=land, at=at)) for values in ordered]
    choices = _shared(offered)
    present = {land.organisation.holder(one.after.accountable_post_id, at).person_id for one in foreseen if one.after}
    names = names_of(present | {choice.holding.person_id for choice in choices} | {one.choice.holding.person_id for one in foreseen if one.choice})
    return Foresight([_named(one, land=land, at=at, names=names) for one in foreseen], choices, names)


def _placed(case: Case) -> Placed:
    return Placed(case.id, case.policy_id, case.class_code, case.level, case.area_id, case.area_path, case.accountable_post_id)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """One wish for many matters, and what is known of them."""

    actor: Actor
    at: datetime
    verb: Verb
    post_id: UUID | None
    reason: str
    known: dict[UUID, Case]
    offered: dict[UUID, list[PostChoice]]
    land: Frame

    def look(self, row: QueueRow) -> Foreseen:
        case, choice = self.known[row.id], self._choice(row.id)
        target = (self.post_id or (choice.post.id if choice else None)) if self.verb is Verb.DISPATCH else None
        command = Command(case.id, self.verb, self.at, version=row.version, reason=self.reason, post_id=target)
        try:
            if self.verb is Verb.DISPATCH and target is None:
                raise NobodySuggested()
            return Foreseen(row, command, choice, self._after(case, command), {}, "")
        except Refusal as refusal:
            return Foreseen(row, command, choice, None, {}, "", refusal)

    def _choice(self, matter_id: UUID) -> PostChoice | None:
        choices = self.offered.get(matter_id, [])
        if self.post_id:
            wanted = next((choice for choice in choices if choice.post.id == self.post_id), None)
            return wanted or choice_of(self.post_id, organisation=self.land.organisation, at=self.at, why=None)
        return next((choice for choice in choices if choice.why is not None), None)

    def _after(self, case: Case, command: Command) -> Case:
        permitted(case, actor=self.actor, verb=self.verb, frame=self.land)
        policy, world = self.land.policy_of(case.policy_id), self.land.under(case.policy_id)
        settled, _hops = settle(case, world=world, policy=policy, at=self.at)
        wish = checked(settled, in_order(settled, command), frame=self.land, known=self.known, actor=self.actor)
        return decide(settled, replace(wish, version=None), world=world, policy=policy)


def _named(one: Foreseen, *, land: Frame, at: datetime, names: dict[UUID, str]) -> Foreseen:
    if one.after is None:
        return one
    post = land.organisation.post(one.after.accountable_post_id)
    return Foreseen(one.row, one.command, one.choice, one.after, dict(post.names), names.get(land.organisation.holder(post.id, at).person_id, ""))


def _shared(offered: dict[UUID, list[PostChoice]]) -> list[PostChoice]:
    """Every post that at least one of the matters could go to: those suggested first, those that can take most of them before others."""
    seen: dict[UUID, list[PostChoice]] = {}
    for choices in offered.values():
        for choice in choices:
            seen.setdefault(choice.post.id, []).append(choice)
    ordered = sorted(seen.values(), key=lambda some: (min(c.why is None for c in some), -len(some), some[0].post.rank, some[0].post.code))
    return [some[0] for some in ordered]
