"""Starting campaigns, laying out their targets, noting attempts, ending."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Count, Q

from linli.directory.territory.rules import AreaNode
from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.things import buildings, facilities, places
from linli.engines.duties.campaigns.events import CampaignEnded
from linli.engines.duties.campaigns.models import Attempt, Campaign, Target
from linli.engines.duties.campaigns.playbook import MANAGE, READ, CampaignPart, templates
from linli.engines.duties.campaigns.rules.doors import Outcome, Retry
from linli.engines.duties.campaigns.rules.targets import Door, Progress, doors_on_record
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.audit.services import Entry, record
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.clock.services import machine_now
from linli.kernel.events.services import publish
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows
from linli.kernel.writing import attempt

MatterCounts = Callable[[str, Sequence[str], datetime, datetime], tuple[int, Mapping[date, int]]]
TARGETS_MOST = 20_000
_COLUMNS = ("id", "campaign", "key", "ref", "area", "area_path", "label", "compound", "building", "unit", "floor", "room")
_counts: list[MatterCounts] = []


class NoSuchCampaign(Refusal):
    code: ClassVar[str] = "campaigns.no_such_campaign"
    message: ClassVar[str] = N_("There is no such campaign, or you may not see it.")
    kind: ClassVar[Kind] = Kind.MISSING


class NoSuchTemplate(Refusal):
    code: ClassVar[str] = "campaigns.no_such_template"
    message: ClassVar[str] = N_("The playbook has no campaign %(template)s.")
    field: ClassVar[str] = "template"


class CodeTaken(Refusal):
    code: ClassVar[str] = "campaigns.code_taken"
    message: ClassVar[str] = N_("Another campaign has this short code.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "code"


class BadDays(Refusal):
    code: ClassVar[str] = "campaigns.bad_days"
    message: ClassVar[str] = N_("A campaign lasts from a day to a later one, for a year at most, and is not over yet.")
    field: ClassVar[str] = "last_on"


class NothingThere(Refusal):
    code: ClassVar[str] = "campaigns.nothing_there"
    message: ClassVar[str] = N_("The area has nothing of this kind: there would be no target.")
    field: ClassVar[str] = "area"


class TooManyTargets(Refusal):
    code: ClassVar[str] = "campaigns.too_many_targets"
    message: ClassVar[str] = N_("A campaign has at most %(most)s targets.")


class NotOfDoors(Refusal):
    code: ClassVar[str] = "campaigns.not_of_doors"
    message: ClassVar[str] = N_("This campaign is not about households.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class CampaignOver(Refusal):
    code: ClassVar[str] = "campaigns.over"
    message: ClassVar[str] = N_("This campaign has ended.")
    kind: ClassVar[Kind] = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What is started; empty names are the template's."""

    template: str
    code: str
    area_id: UUID
    first_on: date
    last_on: date
    names: Mapping[str, str] | None = None


def register_matter_counts(source: MatterCounts) -> None:
    """Have campaigns about matters count by ``source(area_path, classes, since, until)``: how many there were, and how many were closed on which day."""
    if source not in _counts:
        _counts.append(source)


def matter_counts(campaign: Campaign) -> tuple[int, dict[date, int]]:
    """The matters of a campaign's classes within its days: how many were open or came up, and how many were closed on which day."""
    zone = working_calendar().zone
    since = datetime.combine(campaign.first_on, datetime.min.time(), zone)
    until = datetime.combine(campaign.last_on, datetime.max.time(), zone)
    total, days = 0, dict[date, int]()
    for source in _counts:
        count, closed = source(campaign.area_path, campaign.classes, since, until)
        total += count
        for day, number in closed.items():
            days[day] = days.get(day, 0) + number
    return total, days


def start_campaign(*, actor: Actor, at: datetime, campaign: NewCampaign) -> UUID:
    """Start a campaign of the playbook; areas, places and facilities become its targets at once, households are laid out afterwards.

    Raises:
        NoSuchTemplate, BadDays, CodeTaken, NothingThere, TooManyTargets; Forbidden without ``campaigns.manage`` there.
    """
    area, part = ground().area(campaign.area_id), templates().get(campaign.template)
    actor.require(MANAGE, area_path=area.path)
    if part is None:
        raise NoSuchTemplate(template=campaign.template[:40])
    today = at.astimezone(working_calendar().zone).date()
    if not campaign.first_on <= campaign.last_on or (campaign.last_on - campaign.first_on).days > 366 or campaign.last_on < today:
        raise BadDays
    names = campaign.names or part.names.model_dump()
    try:
        with attempt():
            made = Campaign.objects.create(
                code=campaign.code, template=part.code, names=dict(names), area_id=area.id, area_path=area.path, confidentiality=int(part.confidentiality),
                target_kind=part.targets.kind, classes=list(part.targets.classes), goal_share=part.goal.share, goal_count=part.goal.count,
                tries=part.retry.tries, least_hours=part.retry.hours, first_on=campaign.first_on, last_on=campaign.last_on, at=at, recorded_at=machine_now(),
            )  # fmt: skip
    except IntegrityError:
        raise CodeTaken from None
    if part.targets.kind in ("area", "place", "facility"):
        rows = list(_known(part, area, made.id))
        if not rows:
            raise NothingThere
        _check_room(len(rows))
        insert_rows(Target, _COLUMNS, rows)
    note(actor, at, "start", made.id)
    return made.id


def lay_doors(*, actor: Actor, at: datetime, campaign_id: UUID, area_id: UUID, doors: Iterable[Door]) -> int:
    """Take households in as targets, those that are there already stay as they are; return how many are new.

    Raises:
        NoSuchCampaign, NotOfDoors, CampaignOver, TooManyTargets; UnknownArea or Forbidden for another area than the campaign's.
    """
    campaign = led(campaign_id, actor=actor)
    area = ground().area(area_id)
    if not area.path.startswith(campaign.area_path):
        raise NoSuchCampaign
    return _take_in(campaign, [(area, door) for door in doors], actor=actor, at=at)


@dataclass(frozen=True, slots=True)
class Laid:
    """What buildings on record gave: new doors, buildings with their counts, and how many lack counts."""

    doors: int
    buildings: int
    lacking: int


def lay_buildings(*, actor: Actor, at: datetime, campaign_id: UUID, area_id: UUID) -> Laid:
    """Take in the doors of the buildings that the directory knows in an area and below, by their counts. A constant number of queries.

    Raises:
        What :func:`lay_doors` refuses. NothingThere: no building there says its floors and households.
    """
    campaign = led(campaign_id, actor=actor)
    land = ground()
    area = land.area(area_id)
    if not area.path.startswith(campaign.area_path):
        raise NoSuchCampaign
    found = [
        (land.area(one.area_id), doors_on_record(compound=one.compound, building=one.name, units=one.units, floors=one.floors, households=one.households))
        for one in buildings(area_path=area.path)
    ]
    counted = [(own, doors) for own, doors in found if doors]
    if not counted:
        raise NothingThere
    new = _take_in(campaign, [(own, door) for own, doors in counted for door in doors], actor=actor, at=at)
    return Laid(new, len(counted), len(found) - len(counted))


def _take_in(campaign: Campaign, doors: Sequence[tuple[AreaNode, Door]], *, actor: Actor, at: datetime) -> int:
    if campaign.target_kind != "household":
        raise NotOfDoors
    wanted = {door.key: (area, door) for area, door in doors}
    there = set(Target.objects.filter(campaign=campaign).values_list("key", flat=True))
    fresh = [given for key, given in sorted(wanted.items()) if key not in there]
    _check_room(len(there) + len(fresh))
    rows = [(new_id(), campaign.id, d.key, None, area.id, area.path, d.label, d.compound, d.building, d.unit, d.floor, d.room) for area, d in fresh]
    insert_rows(Target, _COLUMNS, rows)
    note(actor, at, "lay_doors", campaign.id, count=len(rows))
    return len(rows)


def end_campaign(*, actor: Actor, at: datetime, campaign_id: UUID) -> None:
    """End a campaign before its last day, or when it is over: nothing more is noted. Raises: CampaignOver."""
    campaign = led(campaign_id, actor=actor)
    Campaign.objects.filter(id=campaign.id).update(ended_at=at)
    found = progress_of(campaign)
    note(actor, at, "end", campaign.id)
    publish([CampaignEnded(campaign.id, at, found.total, found.done, found.reached)])


def progress_of(campaign: Campaign) -> Progress:
    """How far a campaign is; two queries."""
    return progress_by_campaign([campaign])[campaign.id]


def progress_by_campaign(campaigns: Collection[Campaign]) -> dict[UUID, Progress]:
    """How far each campaign is. Two queries, and one for each campaign about matters."""
    laid = [one.id for one in campaigns if one.target_kind != "matter"]
    totals = dict(Target.objects.filter(campaign__in=laid).values_list("campaign").annotate(Count("id")))
    noted = Attempt.objects.filter(target__campaign__in=laid, taken_back_at=None).values_list("target__campaign")
    ends = {way.value: Count("id", filter=Q(outcome=way.value)) for way in (Outcome.DONE, Outcome.REFUSED, Outcome.LEAFLET)}
    counted = {campaign: numbers for campaign, *numbers in noted.annotate(**ends, met=Count("target", distinct=True))}
    found = {}
    for one in campaigns:
        if one.target_kind == "matter":
            total, days = matter_counts(one)
            found[one.id] = Progress(total, sum(days.values()), goal_share=one.goal_share, goal_count=one.goal_count)
            continue
        done, refused, leaflet, met = counted.get(one.id, (0, 0, 0, 0))
        tried = met - done - refused - leaflet  # one result a target
        found[one.id] = Progress(totals.get(one.id, 0), done, refused, leaflet, tried, one.goal_share, one.goal_count)
    return found


def retry_of(campaign: Campaign) -> Retry:
    return Retry(campaign.tries, campaign.least_hours)


def led(campaign_id: UUID, *, actor: Actor) -> Campaign:
    """A campaign that the actor runs, held until the write ends. Raises: NoSuchCampaign, Forbidden, CampaignOver."""
    campaign = Campaign.objects.select_for_update().filter(id=campaign_id).first()
    if campaign is None or not actor.may(READ, area_path=campaign.area_path, confidentiality=Confidentiality(campaign.confidentiality)):
        raise NoSuchCampaign
    actor.require(MANAGE, area_path=campaign.area_path, confidentiality=Confidentiality(campaign.confidentiality))
    if campaign.ended_at is not None:
        raise CampaignOver
    return campaign


def _known(part: CampaignPart, area: AreaNode, campaign_id: UUID) -> Iterable[tuple[Any, ...]]:
    """Rows of the areas, places or facilities that the directory knows."""
    land, kind = ground(), part.targets.kind
    if kind == "area":
        found: Iterable[tuple[UUID, UUID, str]] = ((one.id, one.id, one.name()) for one in land.of_level(part.targets.level))
    else:
        things = places() if kind == "place" else facilities()
        wanted = tuple(part.targets.classes)
        found = ((one.id, one.area_id, one.name) for one in things if not wanted or one.class_code.startswith(wanted))
    for ref, area_id, label in found:
        path = land.area(area_id).path
        if path.startswith(area.path):
            yield new_id(), campaign_id, f"{kind}:{ref}", ref, area_id, path, label, "", "", "", None, ""


def _check_room(count: int) -> None:
    if count > TARGETS_MOST:
        raise TooManyTargets(most=TARGETS_MOST)


def note(actor: Actor, at: datetime, action: str, campaign: UUID, **details: int) -> None:
    """One audit entry of a campaign."""
    record([Entry(at=at, actor=actor.id, action=f"campaigns.{action}", subject_type="campaign", subject=campaign, details=details)])
