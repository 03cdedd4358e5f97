"""Whoever leaves a team stands in none of its shifts and goes to none of its doors any more, and a team that is no more holds none."""

from __future__ import annotations

from collections.abc import Sequence

from linli.directory.teams.events import MemberLeft, TeamDisbanded
from linli.directory.teams.selectors import names_of_teams
from linli.directory.teams.services import is_member
from linli.engines.duties.campaigns.services.sharing import free_helper
from linli.engines.duties.shifts.services.rosters import end_shifts, free_member
from linli.kernel.access.rules import Actor
from linli.kernel.events.services import Delivered, subscribe

SHIFTS, CAMPAIGNS = Actor.system("shifts"), Actor.system("campaigns")


@subscribe("who_leaves_is_free.member", MemberLeft)
def free_who_left(deliveries: Sequence[Delivered[MemberLeft]]) -> None:
    """Handler of the outbox: coming shifts and doors are free again, and whoever waits moves up. Those of a team that is no more end with it."""
    standing = names_of_teams([delivery.event.key for delivery in deliveries])
    for delivery in deliveries:
        if delivery.event.key in standing:
            free_member(actor=SHIFTS, at=delivery.handled_at, team_id=delivery.event.key, person_id=delivery.event.person)
            if not is_member(delivery.event.key, delivery.event.person):
                free_helper(actor=CAMPAIGNS, at=delivery.handled_at, team_id=delivery.event.key, person_id=delivery.event.person)


@subscribe("who_leaves_is_free.team", TeamDisbanded)
def end_what_it_held(deliveries: Sequence[Delivered[TeamDisbanded]]) -> None:
    """Handler of the outbox: shifts of a disbanded team are called off, its members' doors are nobody's."""
    for delivery in deliveries:
        end_shifts(at=delivery.handled_at, team_id=delivery.event.key)
        free_helper(actor=CAMPAIGNS, at=delivery.handled_at, team_id=delivery.event.key)
