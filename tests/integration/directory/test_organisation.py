"""Posts, appointments and absences on PostgreSQL: one holder at a time, a top desk that is never empty."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from linli.directory.organisation.models import Absence, Appointment, Post, Unit
from linli.directory.organisation.rules import NobodyPresent
from linli.directory.organisation.selectors import consequences_of_absence, grants_of_user, load_organisation, organisation
from linli.directory.organisation.services import (
    NewPost,
    appoint,
    cancel_absence,
    create_post,
    create_unit,
    end_appointment,
    record_absence,
    register_post_use,
    retire_post,
    staff_areas,
    staff_demo,
)
from linli.directory.organisation.services.absences import AbsenceOver, AbsenceOverlaps, UnknownReason
from linli.directory.organisation.services.appointments import PeriodReversed, PostTaken
from linli.directory.organisation.services.posts import CodeTaken, PostInUse, RankTaken, RootPostTaken
from linli.directory.organisation.services.root import RootDeskEmpty
from linli.directory.people.models import Person
from linli.directory.people.services import link_user
from linli.kernel.access.models import User
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, ActorKind, Confidentiality, Forbidden, Grant, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.events.models import OutboxEvent
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.integration.directory.conftest import AT, day, holder_of, lay_areas, lianqin, newcomer, post


def check_now() -> None:
    """Have deferred constraints speak inside a test's rolled-back transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def manager(path: str) -> Actor:
    return Actor(id="user:m", kind=ActorKind.USER, grants=(Grant("street_duty", frozenset({"directory.manage"}), path, Confidentiality.PRIVATE),))


# -- staffing --------------------------------------------------------------------------------------------------------


def test_every_area_gets_its_posts_once(staffed) -> None:
    counts = {level: Post.objects.filter(level=level).count() for level in ("grid", "community", "street", "district", "department")}
    assert counts == {"grid": 10, "community": 3, "street": 7, "district": 2, "department": 110}
    assert Unit.objects.filter(kind="department").count() == 55
    assert Unit.objects.get(code="G0-grid").parent == Unit.objects.get(code="C-community")
    assert post("G0-grid_head").names == {"zh": "第0网格网格长", "en": "Grid 0 grid head"}
    with write():
        again = staff_areas(actor=SYSTEM, at=AT, section=lianqin())
        assert staff_demo(actor=SYSTEM, at=AT) == {}
    assert (again.units, again.posts, again.root_post_id) == (0, 0, post("D-district_duty").id)


def test_a_new_area_is_staffed_and_the_others_stay(staffed) -> None:
    community = staffed["C"]
    type(community).objects.create(code="G9", level="grid", depth=3, parent=community, path="D/S/C/G9/", names={"zh": "新网格"})
    with write():
        made = staff_areas(actor=SYSTEM, at=AT, section=lianqin())
    assert (made.units, made.posts) == (1, 5)
    assert post("G9-grid_head").names["en"] == "新网格 grid head"


def test_staffing_needs_the_same_queries_for_few_and_for_many(db) -> None:
    lay_areas(grids=2)
    numbers = []
    for grids in (0, 60):
        lay_more(grids)
        with CaptureQueriesContext(connection) as queries, write():
            staff_areas(actor=SYSTEM, at=AT, section=lianqin())
            staff_demo(actor=SYSTEM, at=AT)
        numbers.append(len(queries))
    assert numbers[1] <= numbers[0]


def lay_more(grids: int) -> list:
    from linli.directory.territory.models import Area

    community = Area.objects.get(code="C")
    return [Area.objects.create(code=f"H{n}", level="grid", depth=3, parent=community, path=f"D/S/C/H{n}/", names={"zh": f"格{n}"}) for n in range(grids)]


def test_a_territory_cannot_be_staffed_without_anyone_at_the_top(areas) -> None:
    with pytest.raises(RootDeskEmpty), write():
        staff_areas(actor=SYSTEM, at=AT, section=lianqin())
    assert not Post.objects.exists()
    person_id = newcomer()
    with write():
        staff_areas(actor=SYSTEM, at=AT, section=lianqin(), root_person_id=person_id)
    check_now()
    assert organisation().holder(post("G1-grid_head").id, AT).person_id == person_id


def test_invented_people_are_the_same_each_time(staffed) -> None:
    names = dict(Person.objects.values_list("code", "display_name"))
    assert len(names) == 132 and all(len(name) == 3 for name in names.values())
    assert not Person.objects.exclude(contact_sealed=None).exists()
    from linli.directory.organisation.services.demo import invented_name

    assert names["demo-G0-grid_head"] == invented_name("G0-grid_head")


# -- appointments ----------------------------------------------------------------------------------------------------


def test_an_overlap_is_refused_and_names_the_other(staffed) -> None:
    person_id = newcomer()
    head = post("G0-grid_head")
    with pytest.raises(PostTaken) as refusal, write():
        appoint(actor=SYSTEM, at=AT, post_id=head.id, person_id=person_id, starts_at=day(3))
    assert refusal.value.params["name"] == Person.objects.get(id=holder_of("G0-grid_head")).display_name
    with pytest.raises(PeriodReversed), write():
        appoint(actor=SYSTEM, at=AT, post_id=head.id, person_id=person_id, starts_at=day(3), ends_at=day(3))


def test_the_database_refuses_an_overlap_by_itself(staffed) -> None:
    head = post("G0-grid_head")
    person = Person.objects.create(code="x", display_name="某", at=AT, recorded_at=AT)
    with pytest.raises(IntegrityError, match="appointment_one_holder"), transaction.atomic():
        Appointment.objects.create(post=head, person=person, starts_at=day(-5), ends_at=day(1), at=AT, recorded_at=AT)
    with pytest.raises(IntegrityError, match="appointment_order"), transaction.atomic():
        Appointment.objects.create(post=head, person=person, starts_at=day(-5), ends_at=day(-6), at=AT, recorded_at=AT)


def test_a_post_is_handed_over_at_an_instant(staffed) -> None:
    person_id = newcomer()
    current = Appointment.objects.get(post__code="G0-grid_head")
    with write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=current.id, ends_at=day(2))
        appoint(actor=SYSTEM, at=AT, post_id=current.post_id, person_id=person_id, starts_at=day(2))
    snapshot = organisation()
    assert [snapshot.holder(current.post_id, day(number)).person_id for number in (1.9, 2)] == [current.person_id, person_id]
    topics = list(OutboxEvent.objects.order_by("-seq").values_list("topic", flat=True)[:2])
    assert topics == ["organisation.appointed", "organisation.appointment_ended"]
    assert AuditEntry.objects.filter(action="organisation.end_appointment", subject=current.post_id).exists()


def test_a_coming_appointment_can_be_taken_back_and_a_past_one_stays(staffed) -> None:
    person_id = newcomer()
    current = Appointment.objects.get(post__code="G0-grid_head")
    with write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=current.id, ends_at=day(2))
        coming = appoint(actor=SYSTEM, at=AT, post_id=current.post_id, person_id=person_id, starts_at=day(5))
    with write():
        end_appointment(actor=SYSTEM, at=day(1), appointment_id=coming, ends_at=day(1))
    assert not Appointment.objects.filter(id=coming).exists()
    with pytest.raises(Refusal, match="ended on"), write():
        end_appointment(actor=SYSTEM, at=day(3), appointment_id=current.id, ends_at=day(9))


def test_managing_ends_at_the_border_of_ones_area(staffed) -> None:
    person_id = newcomer()
    current = Appointment.objects.get(post__code="D-district_duty_deputy")
    for actor, refusal in ((manager("D/S/"), Forbidden), (ANONYMOUS, NotSignedIn)):
        with pytest.raises(refusal), write():
            end_appointment(actor=actor, at=AT, appointment_id=current.id, ends_at=day(2))
        with pytest.raises(refusal), write():
            staff_areas(actor=actor, at=AT, section=lianqin())
        with pytest.raises(refusal), write():
            record_absence(actor=actor, at=AT, person_id=current.person_id, starts_at=day(1), ends_at=day(2), reason="leave")
    own = Appointment.objects.get(post__code="G0-grid_head")
    with write():
        end_appointment(actor=manager("D/S/"), at=AT, appointment_id=own.id, ends_at=day(2))
        appoint(actor=manager("D/S/"), at=AT, post_id=own.post_id, person_id=person_id, starts_at=day(2))
    assert Appointment.objects.filter(post=own.post_id).count() == 2


# -- the top desk ----------------------------------------------------------------------------------------------------


def test_the_top_desk_cannot_be_left(staffed) -> None:
    duty, deputy = (Appointment.objects.get(post__code=code) for code in ("D-district_duty", "D-district_duty_deputy"))
    with write():
        record_absence(actor=SYSTEM, at=AT, person_id=deputy.person_id, starts_at=day(3), ends_at=day(5), reason="training")
    with pytest.raises(RootDeskEmpty), write():
        record_absence(actor=SYSTEM, at=AT, person_id=duty.person_id, starts_at=day(4), ends_at=day(9), reason="leave")
    with pytest.raises(RootDeskEmpty), write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=duty.id, ends_at=day(2))
    with pytest.raises(NobodyPresent):
        consequences_of_absence(actor=SYSTEM, person_id=duty.person_id, starts_at=day(4), ends_at=day(9))
    with write():
        record_absence(actor=SYSTEM, at=AT, person_id=duty.person_id, starts_at=day(5), ends_at=day(9), reason="leave")
    check_now()


def test_the_last_at_the_top_may_go_when_another_comes_in_the_same_write(staffed) -> None:
    duty, deputy = (Appointment.objects.get(post__code=code) for code in ("D-district_duty", "D-district_duty_deputy"))
    with write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=deputy.id, ends_at=day(1))
    person_id = newcomer()
    with pytest.raises(RootDeskEmpty), write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=duty.id, ends_at=day(2))
    with write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=duty.id, ends_at=day(2))
        appoint(actor=SYSTEM, at=AT, post_id=duty.post_id, person_id=person_id, starts_at=day(2))
    check_now()
    assert organisation().holder(duty.post_id, day(2)).person_id == person_id


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM organisation_appointment WHERE post_id IN (SELECT organisation_root_desk())",
        "UPDATE organisation_appointment SET ends_at = starts_at + interval '9 days' WHERE post_id IN (SELECT organisation_root_desk())",
        "UPDATE organisation_post SET is_root = false WHERE is_root",
        "UPDATE organisation_post SET is_root = (code = 'G0-grid_head') WHERE is_root",
        "INSERT INTO organisation_absence (id, person_id, starts_at, ends_at, reason, at, recorded_at) "
        "SELECT gen_random_uuid(), person_id, starts_at + interval '1 day', NULL, 'leave', now(), now() "
        "FROM organisation_appointment WHERE post_id IN (SELECT organisation_root_desk())",
    ],
)
def test_the_database_itself_keeps_the_top_desk_held(staffed, statement) -> None:
    check_now()
    with pytest.raises(IntegrityError, match="root"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)
        check_now()


# -- absences --------------------------------------------------------------------------------------------------------


def test_an_absence_passes_posts_on_and_nothing_else_is_written(staffed) -> None:
    person_id = holder_of("G0-grid_head")
    shown = consequences_of_absence(actor=SYSTEM, person_id=person_id, starts_at=day(1), ends_at=day(3))
    with write():
        absence = record_absence(actor=SYSTEM, at=AT, person_id=person_id, starts_at=day(1), ends_at=day(3), reason="off_shift")
    head = post("G0-grid_head")
    assert [(p.post_id, p.holding) for p in shown] == [(head.id, organisation().holder(head.id, day(2)))]
    assert organisation().holder(head.id, day(2)).acting_post_id == post("G0-information_officer").id
    assert organisation().holder(head.id, day(3)).person_id == person_id
    with pytest.raises(AbsenceOverlaps), write():
        record_absence(actor=SYSTEM, at=AT, person_id=person_id, starts_at=day(2), ends_at=None, reason="leave")
    with write():
        cancel_absence(actor=SYSTEM, at=day(2), absence_id=absence.id)
    assert organisation().holder(head.id, day(2)).person_id == person_id
    assert Absence.objects.get(id=absence.id).ends_at == day(2)
    with pytest.raises(AbsenceOver), write():
        cancel_absence(actor=SYSTEM, at=day(4), absence_id=absence.id)
    with pytest.raises(UnknownReason), write():
        record_absence(actor=SYSTEM, at=AT, person_id=person_id, starts_at=day(5), ends_at=None, reason="flu")


def test_people_record_their_own_absence(staffed) -> None:
    person_id, other = holder_of("G0-grid_head"), holder_of("G1-grid_head")
    self_actor = Actor(id="user:s", kind=ActorKind.USER, person_id=person_id)
    with write():
        record_absence(actor=self_actor, at=AT, person_id=person_id, starts_at=day(1), ends_at=day(3), reason="leave")
    with pytest.raises(Forbidden), write():
        record_absence(actor=self_actor, at=AT, person_id=other, starts_at=day(1), ends_at=day(3), reason="leave")
    with pytest.raises(Forbidden):
        consequences_of_absence(actor=self_actor, person_id=other, starts_at=day(1), ends_at=day(3))


# -- posts -----------------------------------------------------------------------------------------------------------


def test_units_and_posts_refuse_what_is_taken(staffed) -> None:
    grid = staffed["G0"]
    unit = Unit.objects.get(code="G0-grid")
    names = {"zh": "岗", "en": "Post"}
    with pytest.raises(CodeTaken), write():
        create_unit(actor=SYSTEM, at=AT, code="G0-grid", names=names, kind="team", area_id=grid.id)
    with pytest.raises(RankTaken), write():
        create_post(actor=SYSTEM, at=AT, post=NewPost("p", names, "grid_head", unit.id, grid.id, "grid", 1))
    with pytest.raises(RootPostTaken), write():
        create_post(actor=SYSTEM, at=AT, post=NewPost("p", names, "grid_head", unit.id, grid.id, "grid", 9, is_root=True))
    with write():
        made = create_post(actor=SYSTEM, at=AT, post=NewPost("p", names, "grid_head", unit.id, grid.id, "grid", 9))
    assert organisation().post(made).area_path == "D/S/C/G0/"


@override("en")
def test_a_post_in_use_is_not_retired(staffed, monkeypatch) -> None:
    from linli.directory.organisation.services import posts

    monkeypatch.setattr(posts, "_uses", {})
    current = Appointment.objects.get(post__code="G0-law_publicist")
    with pytest.raises(PostInUse, match="appointed"), write():
        retire_post(actor=SYSTEM, at=AT, post_id=current.post_id)
    with pytest.raises(PostInUse, match="root"), write():
        retire_post(actor=SYSTEM, at=AT, post_id=post("D-district_duty").id)
    with write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=current.id, ends_at=day(1))
    register_post_use("it has open matters", lambda ids: ids)
    with pytest.raises(PostInUse, match="open matters"), write():
        retire_post(actor=SYSTEM, at=day(2), post_id=current.post_id)
    monkeypatch.setattr(posts, "_uses", {})
    with write():
        retire_post(actor=SYSTEM, at=day(2), post_id=current.post_id)
    assert current.post_id not in {node.id for node in organisation().posts}


# -- what a user may do ----------------------------------------------------------------------------------------------


def test_grants_follow_the_post_and_the_succession(staffed) -> None:
    head, second = holder_of("G0-grid_head"), holder_of("G0-information_officer")
    user = User.objects.create(username="second", created_at=AT)
    with write():
        link_user(actor=SYSTEM, at=AT, person_id=second, user_id=user.id)
    grants, person_id, posts = grants_of_user(user.id, AT)
    assert (person_id, set(posts)) == (second, {post("G0-information_officer").id})
    assert [grant.area_path for grant in grants] == ["D/S/C/G0/"]
    with write():
        record_absence(actor=SYSTEM, at=AT, person_id=head, starts_at=day(1), ends_at=day(2), reason="leave")
    grants, _, posts = grants_of_user(user.id, day(1))
    assert {grant.role for grant in grants} >= {"grid_head"} and post("G0-grid_head").id in set(posts)
    assert post("G0-grid_head").id not in set(grants_of_user(user.id, day(2))[2])
    assert grants_of_user(UUID(int=1), AT)[0] == []


def test_the_snapshot_takes_the_same_queries_whatever_its_size(staffed, django_assert_num_queries) -> None:
    with django_assert_num_queries(6):
        load_organisation()
    lay_more(20)
    with write():
        staff_areas(actor=SYSTEM, at=AT, section=lianqin())
        staff_demo(actor=SYSTEM, at=AT)
    with django_assert_num_queries(6):
        load_organisation()
