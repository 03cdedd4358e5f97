"""Invented duties, teams, shifts, streets, patrols, places, meetings, campaigns, care and devices for the demonstration: a month of them, of a fixed seed.

Everything goes through the services and stands in the community where most is reported. Nobody here exists.
"""

from __future__ import annotations

from datetime import datetime

from linli.directory.teams.selectors import teams as team_lines
from linli.interfaces.cli.inventing.campaigns import start_campaigns, try_doors
from linli.interfaces.cli.inventing.care import open_cases
from linli.interfaces.cli.inventing.duties import live
from linli.interfaces.cli.inventing.meetings import convene, convene_hearing, hold
from linli.interfaces.cli.inventing.patrols import walk_patrols
from linli.interfaces.cli.inventing.places import draw_places, lay_places, register
from linli.interfaces.cli.inventing.stage import stage_at
from linli.interfaces.cli.inventing.streets import lay_streets
from linli.interfaces.cli.inventing.teams import come_and_go, found_teams
from linli.kernel.access.rules import SYSTEM


def invent_duties(at: datetime) -> bool:
    """Invent the month before ``at``, once; return whether there was anything to do."""
    if team_lines(actor=SYSTEM, limit=1):
        return False
    stage = stage_at(at)
    members = found_teams(stage)
    lay_streets(stage)
    walk_patrols(stage, members["evening-patrol"])
    come_and_go(stage)
    lay_places(stage)
    open_cases(stage, register(stage), helpers=members["home-visits"])
    start_campaigns(stage, helpers=[*members["home-visits"][:3], members["evening-patrol"][0]])
    live(stage, each_morning=[draw_places, convene], each_evening=[try_doors, hold])
    convene_hearing(stage)
    return True
