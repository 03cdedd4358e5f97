"""Trying a change out: it is made, looked at and taken back, so that its consequences are shown before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from linli.directory.organisation.rules import Holding, NobodyPresent, Organisation, PostNode, UnknownPost
from linli.directory.organisation.selectors.snapshot import organisation
from linli.directory.organisation.services.root import look_at_root
from linli.kernel.writing import attempt


@dataclass(frozen=True, slots=True)
class Shift:
    """A post that somebody else would answer for. ``before``: None for a new post; ``after``: None for a retired one."""

    post: PostNode
    before: Holding | None
    after: Holding | None


class _TakenBack(Exception):
    """Ends the attempt: nothing of it stays."""


def try_out(change: Callable[[], object], *, at: datetime) -> tuple[Shift, ...]:
    """Make ``change``, see who would answer for which post at ``at`` instead of who does, and take it back.

    Runs inside a write, which then has nothing to commit. Refuses whatever the change itself refuses, and a top desk left
    without anyone.
    """
    before = organisation()
    shifts: tuple[Shift, ...] = ()
    try:
        with attempt():
            change()
            look_at_root()
            shifts = _shifts(before, organisation(), at)
            raise _TakenBack
    except _TakenBack:
        return shifts


def _shifts(before: Organisation, after: Organisation, at: datetime) -> tuple[Shift, ...]:
    posts = {post.id: post for post in (*before.posts, *after.posts)}
    found = [Shift(post, _holder(before, post, at), _holder(after, post, at)) for post in posts.values()]
    return tuple(shift for shift in found if _who(shift.before) != _who(shift.after))


def _holder(organisation: Organisation, post: PostNode, at: datetime) -> Holding | None:
    try:
        return None if organisation.post(post.id).retired else organisation.holder(post.id, at)
    except (NobodyPresent, UnknownPost):
        return None


def _who(holding: Holding | None) -> object:
    return None if holding is None else (holding.person_id, holding.acting_post_id)
