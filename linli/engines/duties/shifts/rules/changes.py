"""A roster is chosen on a page that was shown a while ago: who signed up or left since is not overrun by it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from linli.engines.duties.shifts.rules.roster import Assignment


@dataclass(frozen=True, slots=True)
class Since:
    """Who signed up for a shift since it was shown and is not in the choice, and who left it and still is."""

    shift: UUID
    came: frozenset[UUID]
    went: frozenset[UUID]


def since_shown(wanted: Assignment, *, shown: Mapping[UUID, Collection[UUID]], signed: Assignment) -> list[Since]:
    """The shifts of a choice that others changed since, other than the choice itself does; empty where nothing stands against it."""
    found = []
    for shift, chosen in wanted.items():
        before, now = frozenset(shown.get(shift, ())), signed.get(shift, frozenset())
        one = Since(shift, now - before - chosen, (before - now) & chosen)
        if one.came or one.went:
            found.append(one)
    return found


def kept(wanted: Assignment, since: Collection[Since]) -> dict[UUID, frozenset[UUID]]:
    """The choice with what others did since: who signed up is in, who left is not, all else is as chosen."""
    changed = {one.shift: one for one in since}
    return {shift: (chosen | changed[shift].came) - changed[shift].went if shift in changed else frozenset(chosen) for shift, chosen in wanted.items()}
