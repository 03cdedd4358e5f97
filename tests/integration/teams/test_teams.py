"""Taking part: by one's own will, trained before one leads, terms that end, activities counted and people not listed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction
from django.test import Client

from linli.directory.people.models import RETENTION, Person
from linli.directory.people.services import erase_people_past_retention
from linli.directory.teams import services
from linli.directory.teams.models import Activity, Captaincy, Membership, Team, Training
from linli.directory.teams.rules import Cell, ConsentMissing, NotRecruiting, NotTrained, TermTooLong, UnknownCourse, UnknownTeamKind, UnknownVenue
from linli.directory.teams.selectors import own_parts, team_page, venue_matrix
from linli.directory.territory.services.moving import follow_areas
from linli.interfaces.cli.main import main
from linli.kernel.access.models import User
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Forbidden, NotSignedIn
from linli.kernel.access.services import roles, users
from linli.kernel.clock.services import set_clock
from linli.kernel.events.models import OutboxEvent
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.teams.made import Town, teaming_town

LATER = MONDAY + timedelta(days=30)
TODAY = date(2026, 3, 2)


@pytest.fixture
def town(db: None, tmp_path: Path) -> Town:
    made = teaming_town(tmp_path)
    with write():
        set_clock(to=MONDAY)
    return made


def trained(town: Town, team_id, actor) -> None:
    with write():
        services.pass_course(actor=town.manager(), at=MONDAY, team_id=team_id, person_id=actor.person_id, course="first_aid", on=TODAY)


def captain(town: Town, team_id, actor, *, at=MONDAY, days=300):
    with write():
        return services.appoint_captain(actor=town.manager(), at=at, team_id=team_id, person_id=actor.person_id, ends_at=at + timedelta(days=days))


def test_nobody_is_in_a_team_without_having_agreed(town: Town) -> None:
    team = town.team()
    for actor, more, refusal in (
        (ANONYMOUS, {"agreed": True}, NotSignedIn),
        (town.resident("ann"), {"agreed": False, "name": "Ann"}, ConsentMissing),
    ):
        with pytest.raises(refusal), write():
            services.apply_to_team(actor=actor, at=MONDAY, team_id=team, **more)
    assert not Membership.objects.exists()
    with write():
        membership = services.apply_to_team(actor=town.resident("ann"), at=MONDAY, team_id=team, agreed=True, name="Ann", contact="138 0000 0001")
    ann = town.resident("ann")
    assert Person.objects.get(id=ann.person_id).display_name == "Ann" and not ann.grants
    with pytest.raises(services.AlreadyIn), write():
        services.apply_to_team(actor=ann, at=MONDAY, team_id=team, agreed=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(id=membership).update(joined_at=MONDAY - timedelta(days=1))
    for nobody in (ANONYMOUS, ann, town.manager("elsewhere/")):
        with pytest.raises((Forbidden, NotSignedIn)), write():
            services.answer_applicant(actor=nobody, at=MONDAY, membership_id=membership, accept=True)
    with write():
        services.answer_applicant(actor=town.manager(), at=MONDAY, membership_id=membership, accept=True)
    assert OutboxEvent.objects.filter(topic="teams.member_joined").count() == 1
    with write():
        services.set_recruiting(actor=town.manager(), at=MONDAY, team_id=team, recruiting=False)
    with pytest.raises(NotRecruiting), write():
        services.apply_to_team(actor=town.resident("bob"), at=MONDAY, team_id=team, agreed=True, name="Bob")


def test_a_captain_is_a_trained_member_for_a_term_and_leads_meanwhile(town: Town) -> None:
    team = town.team()
    ann, bob = town.member(team, "ann"), town.member(team, "bob")
    with pytest.raises(NotTrained):
        captain(town, team, ann)
    trained(town, team, ann)
    with pytest.raises(TermTooLong):
        captain(town, team, ann, days=400)
    with pytest.raises(Forbidden), write():
        services.appoint_captain(actor=bob, at=MONDAY, team_id=team, person_id=bob.person_id, ends_at=LATER)
    captain(town, team, ann, days=30)
    with pytest.raises(services.CaptainAlready):
        captain(town, team, ann)
    with pytest.raises(IntegrityError), transaction.atomic():
        Captaincy.objects.create(team_id=team, person_id=ann.person_id, starts_at=MONDAY + timedelta(days=1), ends_at=LATER, recorded_at=MONDAY)
    with write():  # a captain leads
        services.set_recruiting(actor=ann, at=MONDAY, team_id=team, recruiting=True)
    with pytest.raises(Forbidden), write():  # the others, and after the term, do not
        services.set_recruiting(actor=bob, at=MONDAY, team_id=team, recruiting=True)
    with pytest.raises(Forbidden), write():
        services.set_recruiting(actor=ann, at=LATER, team_id=team, recruiting=True)
    cid = town.member(team, "cid")
    for member in (bob, cid):
        trained(town, team, member)
    captain(town, team, bob, days=30)
    with pytest.raises(services.EnoughCaptains) as refused:  # two is the kind's most
        captain(town, team, cid)
    assert refused.value.params == {"most": 2}


def test_handing_over_leaves_no_instant_between(town: Town) -> None:
    team = town.team()
    ann, bob = town.member(team, "ann"), town.member(team, "bob")
    trained(town, team, ann)
    captain(town, team, ann)
    given = {"team_id": team, "from_person": ann.person_id, "to_person": bob.person_id, "ends_at": LATER + timedelta(days=200), "note": "钥匙在岗亭"}
    with pytest.raises(NotTrained), write():
        services.hand_over_captaincy(actor=ann, at=LATER, **given)
    assert Captaincy.objects.get().ends_at > LATER  # all or nothing
    trained(town, team, bob)
    with pytest.raises(Forbidden), write():
        services.hand_over_captaincy(actor=bob, at=LATER, **given)
    with write():
        services.hand_over_captaincy(actor=ann, at=LATER, **given)
    old, new = Captaincy.objects.order_by("starts_at")
    assert (old.ends_at, old.handed_over, new.starts_at) == (LATER, "钥匙在岗亭", LATER)
    with pytest.raises(services.NotACaptain), write():
        services.hand_over_captaincy(actor=ann, at=LATER + timedelta(days=1), **given)


def test_courses_run_out_and_are_asked_for_again(town: Town) -> None:
    team = town.team()
    ann = town.member(team, "ann")
    assert own_parts(actor=ann, at=MONDAY, today=TODAY)[0].missing == ("first_aid",)
    trained(town, team, ann)
    trained(town, team, ann)
    assert Training.objects.count() == 1
    assert own_parts(actor=ann, at=MONDAY, today=TODAY)[0].missing == ()
    assert own_parts(actor=ann, at=MONDAY, today=TODAY + timedelta(days=366))[0].missing == ("first_aid",)
    for course, person, refusal in (("singing", ann.person_id, UnknownCourse), ("first_aid", Person.objects.first().id, services.NotAMember)):
        with pytest.raises(refusal), write():
            services.pass_course(actor=town.manager(), at=MONDAY, team_id=team, person_id=person, course=course, on=TODAY)
    with pytest.raises(services.CourseAhead), write():  # a course that is only planned opens no gate
        services.pass_course(actor=town.manager(), at=MONDAY, team_id=team, person_id=ann.person_id, course="first_aid", on=TODAY + timedelta(days=1))


def test_activities_fill_the_matrix_once_each(town: Town) -> None:
    night, talk = town.team(), town.team("talk", "publicity")

    def held(team, key, venue="mall", **more):
        given = {"topic": "防诈骗", "held_at": MONDAY, "self_led": False, "attendances": 10, "leaflets": 50, **more}
        with write():
            return services.record_activity(actor=town.manager(), at=MONDAY, team_id=team, venue=venue, key=key, **given)

    assert held(night, "1") == held(night, "1")
    held(night, "2", self_led=True)
    held(talk, "3", "campus", self_led=True)
    for more, refusal in (
        ({"venue": "moon"}, UnknownVenue), ({"topic": " "}, services.BadActivity), ({"attendances": -1}, services.BadActivity),
        ({"held_at": LATER}, services.BadActivity),
    ):  # fmt: skip
        with pytest.raises(refusal):
            held(night, "9", **more)
    cells = venue_matrix(actor=town.manager(), since=MONDAY - timedelta(days=1), until=LATER)
    assert cells["patrol", "mall"] == Cell(2, 1, 20, 100) and cells["", ""] == Cell(3, 2, 30, 150)
    assert (cells["", ""].share, cells["publicity", ""].share) == (66, 100)
    assert not venue_matrix(actor=town.manager("elsewhere/"), since=MONDAY, until=LATER)
    with pytest.raises(Forbidden):
        venue_matrix(actor=town.resident("ann"), since=MONDAY, until=LATER)
    assert Activity.objects.count() == 3


def test_who_leaves_is_no_captain_and_is_forgotten_on_time(town: Town) -> None:
    team = town.team()
    ann, bob = town.member(team, "ann"), town.member(team, "bob")
    trained(town, team, ann)
    captain(town, team, ann)
    membership = Membership.objects.get(person_id=ann.person_id).id
    with pytest.raises(Forbidden), write():
        services.leave_team(actor=bob, at=LATER, membership_id=membership)
    with write():
        services.leave_team(actor=ann, at=LATER, membership_id=membership)
    assert Captaincy.objects.get().ends_at == LATER and own_parts(actor=ann, at=LATER, today=TODAY) == []
    with write():
        erase_people_past_retention(actor=SYSTEM, at=MONDAY + RETENTION + timedelta(days=1))
    assert Person.objects.get(id=ann.person_id).display_name == ""
    assert Person.objects.get(id=bob.person_id).display_name == "Bob"  # still takes part


def test_kinds_and_organisations_are_known(town: Town) -> None:
    with pytest.raises(UnknownTeamKind):
        town.team("x", "watchers")
    town.team()
    with pytest.raises(services.TeamTaken):
        town.team()
    with write():
        services.enter_organisation(
            actor=town.manager(), at=MONDAY, code="school-1", names={"zh": "一小", "en": "School"}, kind="school", area_code=town.town.grids[0].code
        )
        team = services.NewTeam("gate", "patrol", {"zh": "护学岗", "en": "School gate"}, town.town.grids[0].code, "school-1")
        made = services.found_team(actor=town.manager(), at=MONDAY, team=team)
    assert team_page(actor=town.manager(), at=MONDAY, today=TODAY, team_id=made).line.organisation == {"zh": "一小", "en": "School"}


# -- pages ------------------------------------------------------------------------------------------------------------


def browser(user: User | None = None) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    if user is not None:
        client.force_login(user)
    return client


def test_from_the_volunteers_page_to_the_teams_page(town: Town) -> None:
    town.team()
    page = browser().get("/volunteer").content.decode()
    assert "Night watch" in page and "Walks at night" in page
    team = town.team("talk", "publicity")
    assert browser().get(f"/volunteer/{team}").status_code == 302
    ann = browser(town.account("ann"))
    assert ann.post(f"/volunteer/{team}", {"name": "Ann"}).status_code == 400
    assert ann.post(f"/volunteer/{team}", {"agreed": "on"}).status_code == 400
    joined = ann.post(f"/volunteer/{team}", {"name": "Ann", "agreed": "on"}, follow=True).content.decode()
    assert "waits for a captain" in joined
    assert ann.get("/console/teams").status_code == 403 and ann.get("/console/teams/talk").status_code == 403
    with write():
        desk_user = users.create_user(actor=SYSTEM, at=MONDAY, username="desk", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=desk_user.pk, role="street_duty")
    desk = browser(desk_user)
    membership = Membership.objects.get()
    shown = desk.get("/console/teams/talk").content.decode()
    assert "Applicants" in shown and "Ann" in shown
    assert ann.post("/console/teams/talk/accept", {"membership": membership.id}).status_code == 403
    assert "Written down." in desk.post("/console/teams/talk/accept", {"membership": membership.id}, follow=True).content.decode()
    person = str(membership.person_id)
    for act, given in (
        ("activity", {"venue": "mall", "topic": "Fraud by phone", "on": "2026-03-02", "attendances": 12, "leaflets": 30, "self_led": "on", "key": "k1"}),
        ("course", {"person": person, "course": "first_aid", "on": "2026-03-01"}),
        ("captain", {"person": person, "ends_on": "2026-12-31"}),
        ("core", {"membership": membership.id, "core": "yes"}),
        ("recruit", {"recruiting": "no"}),
    ):
        done = desk.post(f"/console/teams/talk/{act}", given, follow=True)
        assert done.status_code == 200 and "Written down." in done.content.decode(), act
    assert desk.post("/console/teams/talk/captain", {"person": person, "ends_on": "2020-01-01"}).status_code in (400, 409)
    shown = desk.get("/console/teams/talk").content.decode()
    assert "captain until" in shown and "Fraud by phone" in shown and "self-led" in shown
    listed = desk.get("/console/teams").content.decode()
    assert "100% self-led" in listed and "1, 1 of them core" in listed
    assert ann.get("/console/teams/talk").status_code == 200  # its captain now
    assert "Night watch" in desk.post(
        "/console/teams/found", {"code": "n2", "kind": "patrol", "name_zh": "二队", "name_en": "Night watch 2", "area": town.town.grids[0].code}, follow=True
    ).content.decode()  # fmt: skip
    assert ann.post("/console/teams/found", {}).status_code == 403
    assert "You have left" in ann.post(f"/volunteer/leave/{membership.id}", follow=True).content.decode()


def test_a_school_joins_in_its_team_is_disbanded_and_it_leaves(town: Town) -> None:
    with write():
        desk_user = users.create_user(actor=SYSTEM, at=MONDAY, username="desk", password="a long enough password")
        roles.give_role(actor=SYSTEM, at=MONDAY, user_id=desk_user.pk, role="street_duty")
    desk, ann = browser(desk_user), browser(town.account("ann"))
    area = town.town.grids[0].code
    body = {"code": "s1", "kind": "school", "name_zh": "一小", "name_en": "First school", "area": area}
    assert ann.post("/console/teams/organisation", body).status_code == 403
    assert desk.post("/console/teams/organisation", {**body, "kind": "club"}).status_code == 400
    assert "First school" in desk.post("/console/teams/organisation", body, follow=True).content.decode()
    assert desk.post("/console/teams/organisation", body).status_code == 409
    gate = {"code": "gate", "kind": "publicity", "name_zh": "校门队", "name_en": "School gate", "area": area, "organisation": "s1"}
    desk.post("/console/teams/found", gate)
    team = Team.objects.get(code="gate")
    assert team.organisation is not None and team.organisation.code == "s1"
    member = town.member(team.id, "ann")
    assert desk.post("/console/teams/organisation", {"end": "s1"}).status_code == 409
    assert ann.post("/console/teams/gate/disband").status_code == 403
    desk.post("/console/teams/gate/disband")
    assert desk.get("/console/teams/gate").status_code == 404 and not Membership.objects.filter(person_id=member.person_id, left_at=None).exists()
    assert "Written down." in desk.post("/console/teams/organisation", {"end": "s1"}, follow=True).content.decode()
    assert desk.post("/console/teams/organisation", {"end": "s1"}).status_code == 404


def test_teams_and_organisations_by_command(town: Town) -> None:
    area = town.town.grids[0].code
    given = ["--zh", "一小", "--en", "School", "--area", area]
    assert CliRunner().invoke(main, ["teams", "organisation", "s1", "--kind", "school", *given]).exit_code == 0
    assert CliRunner().invoke(main, ["teams", "organisation", "s1", "--kind", "school", *given]).exit_code == 1
    assert CliRunner().invoke(main, ["teams", "found", "gate", "--kind", "patrol", "--organisation", "s1", *given]).exit_code == 0
    assert CliRunner().invoke(main, ["teams", "found", "x", "--kind", "patrol", "--organisation", "none", *given]).exit_code == 1
    assert "gate  patrol  School" in CliRunner().invoke(main, ["teams", "list"]).stdout
    Team.objects.update(area_path="gone/")
    assert follow_areas(old_paths=["gone/"]) == 1 and Team.objects.get().area_path == town.town.grids[0].path
