"""An area's cover around the clock: what its teams stand together, and where nobody does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from linli.directory.teams.selectors import TeamFact, teams_around
from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.engines.duties.shifts.models import ShiftPart
from linli.engines.duties.shifts.playbook import READ
from linli.engines.duties.shifts.rules.roster import Gap, cover_gaps
from linli.engines.duties.shifts.rules.signing import Part
from linli.kernel.access.rules import Actor, contains

Spans = list[tuple[datetime, datetime, int]]


@dataclass(frozen=True, slots=True)
class TeamCover:
    """A team around an area, and how long somebody of it stands."""

    team: TeamFact
    stood: timedelta


@dataclass(frozen=True, slots=True)
class AreaCover:
    """The gaps that an area's teams leave together, what each of them stands, and of the areas right below how long nobody is there.

    ``kinds``: those of all the teams around it, whichever were asked for.
    """

    gaps: tuple[Gap, ...]
    teams: tuple[TeamCover, ...]
    below: tuple[tuple[AreaNode, timedelta], ...]
    kinds: frozenset[str]

    @property
    def uncovered(self) -> timedelta:
        return _long(self.gaps)


def area_cover(*, actor: Actor, area: AreaNode, since: datetime, until: datetime, kinds: Collection[str] = ()) -> AreaCover:
    """The cover of an area in ``[since, until)`` by who is signed up in the teams around it, of these kinds or of all. Two queries.

    A team counts for an area where it stands in it, below it or above it; only hours and numbers are in it, nobody's name.
    Source: day patrols and night patrols by different people cover 24 hours together (SYSTEMS.md 4, 控).

    Raises:
        Forbidden: without ``shifts.read`` there.
    """
    actor.require(READ, area_path=area.path)
    around = teams_around(area.path)
    teams = [team for team in around if not kinds or team.kind in kinds]
    stands: dict[UUID, Spans] = defaultdict(list)
    rows = ShiftPart.objects.filter(shift__team_id__in=[team.id for team in teams], state=Part.SIGNED.value, starts_at__lt=until, ends_at__gt=since)
    for team_id, starts, ends in rows.values_list("shift__team_id", "starts_at", "ends_at"):
        stands[team_id].append((starts, ends, 1))

    def gaps(counted: Iterable[TeamFact]) -> tuple[Gap, ...]:
        return tuple(cover_gaps([span for team in counted for span in stands[team.id]], since=since, until=until))

    children = sorted(ground().children(area.id), key=lambda child: child.path)
    return AreaCover(
        gaps=gaps(teams),
        teams=tuple(sorted((TeamCover(team, until - since - _long(gaps([team]))) for team in teams), key=lambda line: (-line.stood, line.team.code))),
        below=tuple((child, _long(gaps(team for team in teams if _around(team.area_path, child.path)))) for child in children),
        kinds=frozenset(team.kind for team in around),
    )


def _around(team_path: str, area_path: str) -> bool:
    return contains(area_path, team_path) or contains(team_path, area_path)


def _long(gaps: Iterable[Gap]) -> timedelta:
    return sum((gap.ends - gap.starts for gap in gaps), timedelta())
