"""Patrols in the few words of a notice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.directory.people.selectors import names_of
from linli.directory.teams.selectors import captains_of, team_fact
from linli.engines.duties.patrols.models import LoneAlarm, Route
from linli.engines.duties.patrols.services.lone import chain_of


@dataclass(frozen=True, slots=True)
class SilentBrief:
    """Somebody gives no sign: name, team, since when; whom of the team to tell, which posts were told; whether it still stands."""

    person_id: UUID | None
    name: str
    team: dict[str, str]
    since: datetime
    captains: tuple[UUID, ...]
    posts: tuple[UUID, ...]
    open: bool


def silent_briefs(alarm_ids: Collection[UUID], *, at: datetime) -> dict[UUID, SilentBrief]:
    """Alarms in the words of a notice, with the captains of the team at ``at``; the silent one is none of those told."""
    rows = list(LoneAlarm.objects.filter(id__in=alarm_ids).select_related("watch__team"))
    names = names_of(row.watch.person_id for row in rows if row.watch.person_id)
    found = {}
    for row in rows:
        captains = tuple(one for one in captains_of(row.watch.team_id, at) if one != row.watch.person_id)
        name = names.get(row.watch.person_id, "") if row.watch.person_id else ""
        found[row.id] = SilentBrief(
            row.watch.person_id,
            name,
            row.watch.team.names,
            row.at,
            captains,
            tuple(chain_of(row.watch.team.area_path)[: row.told]),
            row.closed_at is None,
        )
    return found


def post_above(team_id: UUID) -> UUID | None:
    """The lowest post above a team: who is told where it has no captain. Raises: NoSuchTeam."""
    return next(iter(chain_of(team_fact(team_id).area_path)), None)


def route_names(route_ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """The names of routes; one query."""
    return dict(Route.objects.filter(id__in=route_ids).values_list("id", "names"))
