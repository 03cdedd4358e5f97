"""Campaigns as people meet them: the list, one campaign with its coverage, a helper's doors of today, what everyone may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from uuid import UUID

from django.db.models import QuerySet

from linli.directory.people.selectors import names_of
from linli.directory.teams.selectors import names_of_teams, teams_around
from linli.directory.territory.rules import Ground
from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.things import buildings_counted
from linli.engines.duties.campaigns.models import Attempt, Campaign, Helper, Target
from linli.engines.duties.campaigns.playbook import MANAGE, READ, WORK
from linli.engines.duties.campaigns.rules.doors import FINAL, Advice, Outcome, Retry, Suggestion, Try, suggest
from linli.engines.duties.campaigns.rules.targets import Progress, staircases
from linli.engines.duties.campaigns.services.noting import may_take_back, works_at
from linli.engines.duties.campaigns.services.running import NoSuchCampaign, matter_counts, progress_by_campaign, progress_of, retry_of
from linli.engines.duties.campaigns.services.sharing import eligible
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope
from linli.kernel.calendar.selectors import working_calendar

MOST, FOUND, LATELY = 200, 12, 6
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign in a list. ``state``: planned, running, over (its days are past) or ended (by hand)."""

    id: UUID
    code: str
    names: Names
    area_names: Names
    target_kind: str
    first_on: date
    last_on: date
    state: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Stair:
    """A staircase (or the area of other targets) with how far it is and who goes there."""

    compound: str
    building: str
    unit: str
    total: int
    done: int
    refused: int
    leaflet: int
    helper: str


@dataclass(frozen=True, slots=True)
class HelperLine:
    """Somebody who goes to the doors of a campaign: by which team (empty: by a post), to how many, and how many of those are open."""

    id: UUID
    name: str
    team: Names
    doors: int
    left: int


@dataclass(frozen=True, slots=True)
class Found:
    """Who could help too, by the words that were looked for: the first few by name, and how many more there are."""

    people: tuple[tuple[UUID, str, Names], ...]
    more: int


@dataclass(frozen=True, slots=True)
class DoorLine:
    """One target with what to do about it now. ``mine``: what stands there last was noted by whoever asks."""

    id: UUID
    label: str
    room: str
    floor: int | None
    tries: int
    last_try: datetime | None
    result: str
    suggestion: Suggestion
    mine: bool = False


@dataclass(frozen=True, slots=True)
class NotedLine:
    """An attempt that was noted lately; ``takes_back``: whoever asks may take it back."""

    id: UUID
    label: str
    at: datetime
    outcome: Outcome
    takes_back: bool


@dataclass(frozen=True, slots=True)
class DoorList:
    """A helper's doors of one staircase, the highest floor first. ``id``: the same for the same staircase, as long as it has doors."""

    id: UUID
    names: Names
    area_names: Names
    household: bool
    last_on: date
    retry: Retry
    title: str
    doors: tuple[DoorLine, ...]


@dataclass(frozen=True, slots=True)
class TriedDoor:
    """A door as it is now with what was noted there, in the order in which it happened, and whether each was the asking person's own."""

    line: DoorLine
    retry: Retry
    names: Names
    household: bool
    over: bool
    tries: tuple[tuple[Try, bool], ...]


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """``teams``: those around, whose members could help; ``on_record``: buildings of the area and their households. Both for who manages it."""

    line: CampaignLine
    area_path: str
    stairs: tuple[Stair, ...]
    by_area: tuple[tuple[Names, int, int], ...]
    days: tuple[tuple[date, int, int], ...]
    left: tuple[DoorLine, ...]
    lately: tuple[NotedLine, ...]
    helpers: tuple[HelperLine, ...]
    teams: tuple[tuple[UUID, Names], ...]
    on_record: tuple[int, int]
    manages: bool
    works: bool


def visible(actor: Actor) -> QuerySet[Campaign]:
    """The campaigns that the actor may see: by area and confidentiality."""
    return Campaign.objects.filter(in_scope(actor.scopes(READ)))


def campaigns(*, actor: Actor, at: datetime) -> list[CampaignLine]:
    """The campaigns where the actor may look, running ones first. Raises Forbidden where that is nowhere."""
    actor.require_somewhere(READ)
    order = ("running", "planned", "over", "ended")
    return sorted(_lines(visible(actor).order_by("-last_on", "code")[:MOST], at=at), key=lambda line: order.index(line.state))


def public_campaigns(*, at: datetime) -> list[CampaignLine]:
    """Campaigns whose progress is public: running ones, and those of the last year."""
    rows = Campaign.objects.filter(confidentiality=int(Confidentiality.PUBLIC), last_on__gt=_day(at) - timedelta(days=366), first_on__lte=_day(at))
    return _lines(rows.order_by("-last_on", "code")[:MOST], at=at)


def campaign_page(*, actor: Actor, at: datetime, code: str) -> CampaignPage:
    """One campaign with coverage by staircase and area, its days, who is left and what to do. A constant number of queries.

    Raises:
        NoSuchCampaign: there is none, or the actor may not see it.
    """
    row = visible(actor).filter(code=code).first()
    if row is None:
        raise NoSuchCampaign
    targets = list(Target.objects.filter(campaign=row))
    tries = {target: [one for one, _by in found] for target, found in _noted(Target.objects.filter(campaign=row)).items()}
    ends = {target: next((one for one in found if one.outcome in FINAL), None) for target, found in tries.items()}
    deep = Confidentiality(row.confidentiality)
    manages = actor.may(MANAGE, area_path=row.area_path, confidentiality=deep)
    retry, now = retry_of(row), at.astimezone(_zone())
    left = [_door(target, tries.get(target.id, []), retry=retry, now=now, last=row.last_on) for target in targets if not ends.get(target.id)]
    return CampaignPage(
        line=_line(row, progress_of(row), today=now.date(), land=ground()),
        area_path=row.area_path,
        stairs=tuple(_stairs(targets, ends)),
        by_area=tuple(_by_area(targets, ends)),
        days=tuple(_days(row, ends.values(), at=at)),
        left=tuple(sorted(left, key=lambda door: _urgency(door, now=now))[:MOST]),
        lately=tuple(_lately(row, actor)),
        helpers=tuple(_helpers(row, targets, ends)) if manages else (),
        teams=tuple((team.id, team.names) for team in teams_around(row.area_path)) if manages else (),
        on_record=buildings_counted(area_path=row.area_path) if manages and row.target_kind == "household" else (0, 0),
        manages=manages and row.ended_at is None,
        works=actor.may(WORK, area_path=row.area_path, confidentiality=deep) and row.ended_at is None,
    )


def own_doors(*, actor: Actor, at: datetime) -> list[DoorList]:
    """A helper's doors in running campaigns, a list for each staircase. Two queries; none for somebody without a person."""
    if actor.person_id is None:
        return []
    today, now = _day(at), at.astimezone(_zone())
    mine = Target.objects.filter(helper_id=actor.person_id, campaign__ended_at=None, campaign__first_on__lte=today, campaign__last_on__gte=today)
    targets = list(mine.select_related("campaign"))
    noted = _noted(mine)
    groups: dict[tuple[date, UUID, tuple[str, str, str]], list[Target]] = {}
    for target in targets:
        stair = (target.compound, target.building, target.unit)
        groups.setdefault((target.campaign.last_on, target.campaign_id, stair), []).append(target)
    order, land = {stair: number for number, stair in enumerate(staircases(stair for _last, _campaign, stair in groups))}, ground()
    found = []
    for (last, _campaign, stair), members in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1], order[item[0][2]])):
        row = members[0].campaign
        doors = [_own(one, noted.get(one.id, []), actor=actor, now=now) for one in members]
        doors.sort(key=lambda door: (-(door.floor or 0), door.room, door.label))
        first, names = min(one.id for one in members), land.area(row.area_id).names
        title = " ".join(part for part in stair if part)
        found.append(DoorList(first, row.names, names, row.target_kind == "household", last, retry_of(row), title, tuple(doors)))
    return found


def tried_doors(door_ids: Collection[UUID], *, actor: Actor, at: datetime) -> dict[UUID, TriedDoor]:
    """These doors as they are now, ended ones too; those where the actor notes nothing are not there. Two queries."""
    targets = [row for row in Target.objects.filter(id__in=door_ids).select_related("campaign") if works_at(row, actor)]
    noted, now, found = _noted(targets), at.astimezone(_zone()), {}
    for target in targets:
        row, told = target.campaign, noted.get(target.id, [])
        line = _own(target, told, actor=actor, now=now)
        over = row.ended_at is not None or _day(at) > row.last_on
        found[target.id] = TriedDoor(line, retry_of(row), row.names, row.target_kind == "household", over, tuple((one, by == actor.id) for one, by in told))
    return found


def targets_table(*, actor: Actor, code: str) -> Iterator[tuple[str, str, int, datetime | None, str, str]]:
    """Every target of a campaign: label, area, tries, last try, result, helper; for a table. Raises NoSuchCampaign."""
    row = visible(actor).filter(code=code).first()
    if row is None:
        raise NoSuchCampaign
    rows = Target.objects.filter(campaign=row)
    noted = _noted(rows)
    found = list(rows.order_by("compound", "building", "unit", "floor", "room", "label"))
    people = names_of(target.helper_id for target in found if target.helper_id)
    land = ground()
    for target in found:
        tries = [one for one, _by in noted.get(target.id, ())]
        end = next((one.outcome.value for one in tries if one.outcome in FINAL), "")
        helper = people.get(target.helper_id, "") if target.helper_id else ""
        yield target.label, land.area(target.area_id).name(), len(tries), tries[-1].at if tries else None, end, helper


def found_helpers(*, actor: Actor, at: datetime, code: str, words: str) -> Found:
    """Who could be a helper of a campaign as well, by a part of the name; a handful of queries. Raises: NoSuchCampaign, Forbidden."""
    row = visible(actor).filter(code=code).first()
    if row is None:
        raise NoSuchCampaign
    actor.require(MANAGE, area_path=row.area_path, confidentiality=Confidentiality(row.confidentiality))
    there = set(Helper.objects.filter(campaign=row).values_list("person_id", flat=True))
    people = {person: team for person, team in eligible(row.area_path, at=at).items() if person not in there}
    asked = words.strip().casefold()
    named = sorted((name, person) for person, name in names_of(people).items() if asked in name.casefold())
    teams = names_of_teams({team for team in people.values() if team})
    lines = ((person, name, teams.get(team, {}) if (team := people[person]) else {}) for name, person in named[:FOUND])
    return Found(tuple(lines), max(0, len(named) - FOUND))


def _helpers(row: Campaign, targets: Collection[Target], ends: Mapping[UUID, Try | None]) -> list[HelperLine]:
    rows = list(Helper.objects.filter(campaign=row))
    names, teams = names_of({one.person_id for one in rows}), names_of_teams({one.team_id for one in rows if one.team_id})
    doors = Counter(target.helper_id for target in targets)
    left = Counter(target.helper_id for target in targets if not ends.get(target.id))
    lines = [
        HelperLine(one.person_id, names.get(one.person_id, ""), teams.get(one.team_id, {}) if one.team_id else {}, doors[one.person_id], left[one.person_id])
        for one in rows
    ]
    return sorted(lines, key=lambda line: (line.name, line.id))


def _lines(rows: QuerySet[Campaign], *, at: datetime) -> list[CampaignLine]:
    found = list(rows)
    progress, today, land = progress_by_campaign(found), _day(at), ground()
    return [_line(row, progress[row.id], today=today, land=land) for row in found]


def _line(row: Campaign, progress: Progress, *, today: date, land: Ground) -> CampaignLine:
    state = "ended" if row.ended_at else "planned" if today < row.first_on else "over" if today > row.last_on else "running"
    names = land.area(row.area_id).names
    return CampaignLine(row.id, row.code, row.names, names, row.target_kind, row.first_on, row.last_on, state, progress)


def _noted(targets: QuerySet[Target] | Collection[Target]) -> dict[UUID, list[tuple[Try, str]]]:
    """The attempts that stand at each target, in the order in which they happened, with who noted them."""
    zone = _zone()
    found: dict[UUID, list[tuple[Try, str]]] = {}
    rows = Attempt.objects.filter(target__in=targets, taken_back_at=None).order_by("at", "id")
    for target, at, outcome, by in rows.values_list("target_id", "at", "outcome", "actor"):
        found.setdefault(target, []).append((Try(at.astimezone(zone), Outcome(outcome)), by))
    return found


def _lately(row: Campaign, actor: Actor) -> Iterator[NotedLine]:
    """What was noted last, where it can still be taken back."""
    if row.ended_at is not None:
        return
    rows = Attempt.objects.filter(target__campaign=row, taken_back_at=None).select_related("target__campaign").order_by("-at", "-id")
    for one in rows[:LATELY]:
        yield NotedLine(one.id, one.target.label, one.at, Outcome(one.outcome), may_take_back(one, actor))


def _own(target: Target, noted: list[tuple[Try, str]], *, actor: Actor, now: datetime) -> DoorLine:
    """A door as one of its people sees it; its campaign is loaded with it."""
    row = target.campaign
    line = _door(target, [one for one, _by in noted], retry=retry_of(row), now=now, last=row.last_on)
    return replace(line, mine=bool(noted) and noted[-1][1] == actor.id)


def _door(target: Target, tries: list[Try], *, retry: Retry, now: datetime, last: date) -> DoorLine:
    end = next((one.outcome.value for one in tries if one.outcome in FINAL), "")
    return DoorLine(
        target.id, target.label, target.room or target.label, target.floor, len(tries), tries[-1].at if tries else None, end,
        suggest(tries, retry=retry, now=now, last=last),
    )  # fmt: skip


def _urgency(door: DoorLine, *, now: datetime) -> tuple[int, float, str]:
    """Whom to try first: leaflets, those whose hour it is, those who were never tried; then those whose hour comes, the soonest first."""
    far = door.suggestion.not_before.timestamp() if door.suggestion.not_before else 0.0
    order = {Advice.LEAFLET: 0, Advice.THEN: 1 if far <= now.timestamp() else 3, Advice.ANY_TIME: 2, Advice.NOTHING: 4}
    return order[door.suggestion.advice], far, door.label


def _stairs(targets: Collection[Target], ends: Mapping[UUID, Try | None]) -> Iterator[Stair]:
    groups: dict[tuple[str, str, str], list[Target]] = {}
    for target in targets:
        groups.setdefault((target.compound, target.building, target.unit), []).append(target)
    people = names_of({target.helper_id for target in targets if target.helper_id})
    for stair in staircases(groups):
        members = groups[stair]
        count = Counter(end.outcome for one in members if (end := ends.get(one.id)))
        helpers = {people.get(one.helper_id, "") for one in members if one.helper_id}
        yield Stair(*stair, len(members), count[Outcome.DONE], count[Outcome.REFUSED], count[Outcome.LEAFLET], ", ".join(sorted(helpers)))


def _by_area(targets: Collection[Target], ends: Mapping[UUID, Try | None]) -> Iterator[tuple[Names, int, int]]:
    total = Counter(target.area_id for target in targets)
    done = Counter(target.area_id for target in targets if (end := ends.get(target.id)) and end.outcome is Outcome.DONE)
    land = ground()
    for area, count in sorted(total.items(), key=lambda one: land.area(one[0]).path):
        yield land.area(area).names, count, done[area]


def _days(row: Campaign, ends: Collection[Try | None], *, at: datetime) -> Iterator[tuple[date, int, int]]:
    """Each day until today: how many were done on it, and how many by then."""
    done = matter_counts(row)[1] if row.target_kind == "matter" else Counter(end.at.date() for end in ends if end and end.outcome is Outcome.DONE)
    sum_so_far, day = 0, row.first_on
    while day <= min(row.last_on, _day(at)):
        sum_so_far += done.get(day, 0)
        yield day, done.get(day, 0), sum_so_far
        day += timedelta(days=1)


def _zone() -> tzinfo:
    return working_calendar().zone


def _day(at: datetime) -> date:
    return at.astimezone(_zone()).date()
