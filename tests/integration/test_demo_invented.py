"""What the demonstration invents beside its reports: through the services, once, and all that must hold does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click import ClickException

from linli.directory.devices.models import Alarm, Device
from linli.directory.teams.models import Activity, Captaincy, Membership, Team
from linli.directory.territory.selectors import ground
from linli.domains.care.models import CareCase
from linli.engines.duties.campaigns.models import Campaign
from linli.engines.duties.campaigns.selectors import campaign_page
from linli.engines.duties.inspections.models import Draw, Leaf
from linli.engines.duties.inspections.services.leaves import LEAF_FILES
from linli.engines.duties.meetings.models import Meeting
from linli.engines.duties.models import Occurrence
from linli.engines.duties.patrols.models import Round
from linli.engines.duties.patrols.selectors import check as patrols_check
from linli.engines.duties.patrols.selectors.covered import covered
from linli.engines.duties.patrols.selectors.own import own_patrol
from linli.engines.duties.patrols.selectors.team import miss_board, team_patrol
from linli.engines.duties.selectors.check import broken_invariants
from linli.engines.duties.selectors.figures import how_duties_went
from linli.engines.duties.shifts.models import ShiftPart
from linli.interfaces.cli.demo import _same_community
from linli.interfaces.cli.inventing import invent_duties
from linli.kernel.access.models import User
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.selectors import actor_of_user
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.playbooks.services.load import find_playbook
from linli.kernel.writing import write
from tests.factories import MONDAY, community

NOW = MONDAY + timedelta(days=37, hours=7)  # a Wednesday afternoon


@pytest.mark.django_db
def test_the_demo_has_teams_rosters_care_devices_and_a_month_of_duties_once() -> None:
    community(at=MONDAY, playbook=find_playbook("joined"))
    with write():
        set_clock(to=NOW)
    assert invent_duties(NOW)
    assert Team.objects.count() == 7 and Captaincy.objects.filter(ends_at__gt=NOW).exists() and Membership.objects.filter(joined_at=None).exists()
    assert ShiftPart.objects.filter(starts_at__lt=NOW).exists() and ShiftPart.objects.filter(starts_at__gt=NOW).exists() and Activity.objects.exists()
    assert CareCase.objects.filter(basis="consent", closed_at=None).count() == 8 and not CareCase.objects.exclude(closed_at=None).exists()
    assert Device.objects.filter(kind="care_bell").count() == 3 and Alarm.objects.count() == 1
    went = how_duties_went(actor=SYSTEM, at=NOW, days=30)
    assert sum(one.done for one in went) > 100 and sum(one.missed for one in went) > 3
    assert sum(one.missed for one in went) < sum(one.done for one in went) // 5
    held = Meeting.objects.filter(closed_at__isnull=False)
    assert held.count() > 10 and Meeting.objects.filter(kind="open_hearing", starts_at__gt=NOW).count() == 1
    doors = campaign_page(actor=SYSTEM, at=NOW, code=Campaign.objects.get(target_kind="household").code)
    assert doors.line.progress.done > 50 and doors.left and any(door.tries for door in doors.left)
    assert Leaf.objects.filter(form="registration").count() == 14
    pledges = Leaf.objects.filter(form__endswith="_pledge")
    assert pledges.exists() and StoredFile.objects.filter(owner_type=LEAF_FILES, purpose="duty_signature").count() == pledges.count()
    assert Draw.objects.count() >= 5 and Occurrence.objects.filter(rule="sampled", state="done").exists()
    assert StoredFile.objects.filter(purpose="duty_photo").exists()
    assert not broken_invariants(actor=SYSTEM, at=NOW) and not patrols_check.broken_invariants(actor=SYSTEM, at=NOW)
    walking_the_route()
    counted = (Occurrence.objects.count(), ShiftPart.objects.count(), CareCase.objects.count())
    assert not invent_duties(NOW)
    assert (Occurrence.objects.count(), ShiftPart.objects.count(), CareCase.objects.count()) == counted


def walking_the_route() -> None:
    """The patrol's board, its map and the volunteer's page show something real."""
    team = Team.objects.get(code="evening-patrol")
    page = team_patrol(actor=SYSTEM, at=NOW, team_id=team.id)
    assert [(line.checkpoints, line.metres > 300) for line in page.routes] == [(6, True)]
    assert len(page.rounds) > 3 and Round.objects.count() > 20 and all(line.met for line in page.rounds)
    board = miss_board(actor=SYSTEM, since=NOW - timedelta(days=31), until=NOW)
    assert board.open > 0 and board.forgiven > 0 and board.missed < Round.objects.count() // 2
    found = covered(actor=SYSTEM, since=NOW - timedelta(days=7), until=NOW)
    assert found.by_street and found.walked > 300 and 5 < found.walked * 100 / found.metres < 60 and found.never and found.bare
    volunteer = User.objects.get(username="volunteer")
    own = own_patrol(actor=actor_of_user(volunteer.pk, NOW), at=NOW)
    assert own.round is not None and (own.round.met, len(own.round.spots)) == (2, 6) and own.watch is None  # two are out: nobody is alone


@pytest.mark.django_db
def test_the_demo_leaves_another_community_alone() -> None:
    community()
    own = ground().root.code
    _same_community(own)
    with pytest.raises(ClickException, match=f"holds another community \\({own}, not 25025\\)"):
        _same_community("25025")
