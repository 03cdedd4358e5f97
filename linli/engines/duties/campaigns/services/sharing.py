"""Who goes to the doors of a campaign: holders of posts there, members of teams; and which staircases each is given."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from linli.directory.organisation.selectors import organisation
from linli.directory.teams.selectors import ready_members, teams_around
from linli.directory.teams.services import NoSuchTeam
from linli.engines.duties.campaigns.models import Campaign, Helper, Target
from linli.engines.duties.campaigns.rules.targets import share_out, staircases
from linli.engines.duties.campaigns.services.noting import NoSuchTarget
from linli.engines.duties.campaigns.services.running import led, note
from linli.kernel.access.rules import Actor
from linli.kernel.calendar.selectors import working_calendar
from linli.kernel.clock.services import machine_now
from linli.kernel.ids import new_id
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.rows import insert_rows, update_rows

_COLUMNS = ("id", "campaign", "person", "team", "at", "recorded_at")


class NobodyToShare(Refusal):
    code: ClassVar[str] = "campaigns.nobody_to_share"
    message: ClassVar[str] = N_("Choose at least one helper.")
    field: ClassVar[str] = "helpers"


class NotAHelper(Refusal):
    code: ClassVar[str] = "campaigns.not_a_helper"
    message: ClassVar[str] = N_("Doors are given to the campaign's helpers: people with a post there, or members of a team around who have passed its courses.")
    field: ClassVar[str] = "helper"


class NobodyReady(Refusal):
    code: ClassVar[str] = "campaigns.nobody_ready"
    message: ClassVar[str] = N_("Nobody of this team can be sent: it has no members who have passed all of its courses.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "team"


def add_team(*, actor: Actor, at: datetime, campaign_id: UUID, team_id: UUID) -> int:
    """Have the members of a team help who have agreed to be in it and passed its courses; return how many are new.

    Raises:
        NoSuchTeam: or it works elsewhere. NobodyReady; NoSuchCampaign, Forbidden, CampaignOver.
    """
    campaign = led(campaign_id, actor=actor)
    if team_id not in {team.id for team in teams_around(campaign.area_path)}:
        raise NoSuchTeam
    ready = ready_members([team_id], at.astimezone(working_calendar().zone).date())
    if not ready:
        raise NobodyReady
    return _enter(campaign, dict.fromkeys(ready, team_id), actor=actor, at=at)


def add_helper(*, actor: Actor, at: datetime, campaign_id: UUID, person_id: UUID) -> None:
    """Have one person help. Raises: NotAHelper: neither a post in the area nor a ready member of a team around; and what :func:`add_team` does."""
    campaign = led(campaign_id, actor=actor)
    found = eligible(campaign.area_path, at=at)
    if person_id not in found:
        raise NotAHelper
    _enter(campaign, {person_id: found[person_id]}, actor=actor, at=at)


def drop_helper(*, actor: Actor, at: datetime, campaign_id: UUID, person_id: UUID) -> int:
    """Somebody helps no more: their doors are nobody's; return how many. Raises: NotAHelper."""
    campaign = led(campaign_id, actor=actor)
    if not Helper.objects.filter(campaign=campaign, person_id=person_id).delete()[0]:
        raise NotAHelper
    count = Target.objects.filter(campaign=campaign, helper_id=person_id).update(helper=None)
    note(actor, at, "drop_helper", campaign.id, count=count)
    return count


def free_helper(*, actor: Actor, at: datetime, team_id: UUID, person_id: UUID | None = None) -> int:
    """Whoever left a team (None: all of one that is no more) goes to no doors by it in campaigns that go on; return how many doors. Safe to repeat."""
    gone = Helper.objects.filter(team_id=team_id, campaign__ended_at=None, **({"person_id": person_id} if person_id else {}))
    doors = 0
    for campaign_id, person in list(gone.values_list("campaign_id", "person_id")):
        doors += drop_helper(actor=actor, at=at, campaign_id=campaign_id, person_id=person)
    return doors


def assign_staircase(
    *, actor: Actor, at: datetime, campaign_id: UUID, compound: str, building: str, unit: str, helper_id: UUID | None,
) -> int:  # fmt: skip
    """Give a staircase to a helper of the campaign, or to nobody; return how many doors. Raises: NotAHelper, NoSuchTarget."""
    campaign = led(campaign_id, actor=actor)
    if helper_id is not None and not Helper.objects.filter(campaign=campaign, person_id=helper_id).exists():
        raise NotAHelper
    count = Target.objects.filter(campaign=campaign, compound=compound, building=building, unit=unit).update(helper_id=helper_id)
    if not count:
        raise NoSuchTarget
    note(actor, at, "assign", campaign.id, count=count)
    return count


def share_staircases(*, actor: Actor, at: datetime, campaign_id: UUID) -> int:
    """Share all staircases out evenly among the helpers, each one's beside each other; return how many staircases. Raises: NobodyToShare."""
    campaign = led(campaign_id, actor=actor)
    people = list(Helper.objects.filter(campaign=campaign).order_by("at", "id").values_list("person_id", flat=True))
    if not people:
        raise NobodyToShare
    doors = list(Target.objects.filter(campaign=campaign).values_list("id", "compound", "building", "unit"))
    counts = Counter((compound, building, unit) for _, compound, building, unit in doors)
    stairs = staircases(counts)
    shares = share_out([counts[stair] for stair in stairs], helpers=len(people))
    helpers = {stair: people[number] for stair, number in zip(stairs, shares, strict=True)}
    update_rows(Target, ("id", "helper"), [(one, helpers[compound, building, unit]) for one, compound, building, unit in doors])
    note(actor, at, "share", campaign.id, count=len(stairs))
    return len(stairs)


def eligible(area_path: str, *, at: datetime) -> dict[UUID, UUID | None]:
    """Who can be given doors in an area, each with the team by which (None: by a post in it or below). Five queries."""
    held = organisation()
    posts = [post for post in held.posts if post.area_path.startswith(area_path)]
    by_post = {person for post in posts if (person := held.appointee(post.id, at)) is not None}
    ready = ready_members([team.id for team in teams_around(area_path)], at.astimezone(working_calendar().zone).date())
    return {**ready, **dict.fromkeys(by_post)}


def _enter(campaign: Campaign, people: dict[UUID, UUID | None] | dict[UUID, UUID], *, actor: Actor, at: datetime) -> int:
    rows = [(new_id(), campaign.id, person, team, at, machine_now()) for person, team in sorted(people.items())]
    new = insert_rows(Helper, _COLUMNS, rows, once=("campaign_id", "person_id"))
    note(actor, at, "add_helpers", campaign.id, count=new)
    return new
