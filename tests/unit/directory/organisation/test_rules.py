"""Succession: somebody always answers, and it is always clear who."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.directory.organisation.rules import (
    DEPARTMENT,
    Absence,
    Appointment,
    AreaLink,
    NobodyPresent,
    NoRootPost,
    Organisation,
    PostNode,
    Skip,
    UnitNode,
    UnknownPost,
    passings,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
LEVELS = ("district", "street", "community", "grid")


def day(number: int) -> datetime:
    return T0 + timedelta(days=number)


def uid(*parts: int) -> UUID:
    value = 0
    for part in parts:
        value = value * 1000 + part + 1
    return UUID(int=value)


DISTRICT, STREET, COMMUNITY, GRID, OTHER_GRID = (uid(1, n) for n in range(5))
AREAS = (
    AreaLink(DISTRICT, None, "D/"),
    AreaLink(STREET, DISTRICT, "D/S/"),
    AreaLink(COMMUNITY, STREET, "D/S/C/"),
    AreaLink(GRID, COMMUNITY, "D/S/C/G/"),
    AreaLink(OTHER_GRID, COMMUNITY, "D/S/C/H/"),
)
DEPARTMENT_UNIT = uid(2, 9)
UNITS = (
    *(UnitNode(uid(2, place), f"U{place}", {"zh": "组", "en": "Team"}, "team", area.id) for place, area in enumerate(AREAS)),
    UnitNode(DEPARTMENT_UNIT, "GA", {"zh": "公安分局", "en": "Police"}, DEPARTMENT, DISTRICT),
)


def post(number: int, area: int, level: str, rank: int, *, unit: UUID | None = None, is_root: bool = False, retired: bool = False) -> PostNode:
    return PostNode(
        id=uid(3, number),
        code=f"P{number:02}",
        names={"zh": f"岗{number}", "en": f"Post {number}"},
        role=f"{level}_{rank}",
        unit_id=unit or uid(2, area),
        area_id=AREAS[area].id,
        area_path=AREAS[area].path,
        level=level,
        rank=rank,
        is_root=is_root,
        retired=retired,
    )


POSTS = (
    post(0, 0, "district", 1, is_root=True),
    post(1, 0, "district", 2),
    post(2, 1, "street", 1),
    post(3, 1, "street", 2),
    post(4, 2, "community", 1),
    post(5, 3, "grid", 1),
    post(6, 3, "grid", 2),
    post(7, 3, "grid", 3),
    post(8, 4, "grid", 1),
    post(9, 0, "department", 1, unit=DEPARTMENT_UNIT),
    post(10, 0, "department", 2, unit=DEPARTMENT_UNIT),
)
ROOT, DEPUTY, STREET_HEAD, STREET_TEAM, STATION, HEAD, SECOND, THIRD, OTHER_HEAD, OFFICER, OFFICER_2 = (node.id for node in POSTS)


def person(number: int) -> UUID:
    return uid(4, number)


def everyone_appointed() -> list[Appointment]:
    return [Appointment(node.id, person(number), T0) for number, node in enumerate(POSTS)]


def organisation(absences: list[Absence] | None = None, appointments: list[Appointment] | None = None) -> Organisation:
    return Organisation(
        areas=AREAS,
        units=UNITS,
        posts=POSTS,
        appointments=everyone_appointed() if appointments is None else appointments,
        absences=absences or [],
        users={uid(5, number): person(number) for number in range(len(POSTS))},
    )


def away(number: int, start: int = 0, end: int | None = None) -> Absence:
    return Absence(person(number), day(start), None if end is None else day(end))


# -- the order of succession -----------------------------------------------------------------------------------------


def test_the_posts_own_appointee_answers_when_present() -> None:
    holding = organisation().holder(HEAD, day(1))
    assert (holding.person_id, holding.acting_post_id, holding.succession, holding.is_acting) == (person(5), HEAD, (), False)


@pytest.mark.parametrize(
    ("gone", "acting"),
    [
        ([5], SECOND),
        ([5, 6], THIRD),
        ([5, 6, 7], STATION),
        ([5, 6, 7, 4], STREET_HEAD),
        ([5, 6, 7, 4, 2], STREET_TEAM),
        ([5, 6, 7, 4, 2, 3], ROOT),
        ([5, 6, 7, 4, 2, 3, 0], DEPUTY),
    ],
)
def test_a_grid_is_handed_on_by_rank_and_then_up_the_levels(gone: list[int], acting: UUID) -> None:
    holding = organisation([away(number) for number in gone]).holder(HEAD, day(1))
    assert holding.acting_post_id == acting
    assert [post_id for post_id, _ in holding.succession] == [POSTS[number].id for number in gone]
    assert {reason for _, reason in holding.succession} == {Skip.ABSENT}


def test_the_last_ranked_post_is_handed_to_the_head() -> None:
    assert organisation([away(7)]).holder(THIRD, day(1)).acting_post_id == HEAD


def test_a_vacant_post_is_named_vacant() -> None:
    appointments = [appointment for appointment in everyone_appointed() if appointment.post_id != HEAD]
    assert organisation(appointments=appointments).holder(HEAD, day(1)).succession == ((HEAD, Skip.VACANT),)


def test_a_department_is_handed_on_within_itself_and_never_stands_in_for_a_desk() -> None:
    assert organisation([away(9)]).holder(OFFICER, day(1)).acting_post_id == OFFICER_2
    assert organisation([away(9), away(10)]).holder(OFFICER, day(1)).acting_post_id == ROOT
    assert all(holding.acting_post_id not in (OFFICER, OFFICER_2) for holding in [organisation([away(n) for n in range(1, 9)]).holder(HEAD, day(1))])


def test_an_appointment_that_ended_is_a_vacancy_from_its_end_on() -> None:
    appointments = [*everyone_appointed()[:5], Appointment(HEAD, person(5), T0, day(3)), *everyone_appointed()[6:]]
    snapshot = organisation(appointments=appointments)
    assert snapshot.holder(HEAD, day(3) - timedelta(microseconds=1)).acting_post_id == HEAD
    assert snapshot.holder(HEAD, day(3)).acting_post_id == SECOND


def test_a_successor_in_the_same_post_follows_at_once() -> None:
    appointments = [*everyone_appointed()[:5], Appointment(HEAD, person(5), T0, day(3)), Appointment(HEAD, person(50), day(3))]
    snapshot = organisation(appointments=appointments)
    assert [snapshot.holder(HEAD, day(number)).person_id for number in (2, 3)] == [person(5), person(50)]


def test_before_anyone_was_appointed_nobody_is_invented() -> None:
    with pytest.raises(NobodyPresent):
        organisation().holder(HEAD, T0 - timedelta(days=1))


def test_unknown_posts_and_an_empty_house_are_refused() -> None:
    with pytest.raises(UnknownPost):
        organisation().holder(uid(9, 9), day(1))
    with pytest.raises(NoRootPost):
        _ = Organisation().root


# -- structure -------------------------------------------------------------------------------------------------------


def test_the_chain_runs_from_the_lowest_level_to_the_root() -> None:
    snapshot = organisation()
    assert [node.id for node in snapshot.chain(GRID)] == [HEAD, STATION, STREET_HEAD, ROOT]
    assert [node.id for node in snapshot.chain(STREET)] == [STREET_HEAD, ROOT]
    assert snapshot.levels == LEVELS


def test_the_head_of_a_level_is_the_areas_own_or_its_ancestors() -> None:
    snapshot = organisation()
    heads = [snapshot.head(level, OTHER_GRID) for level in reversed(LEVELS)]
    assert [node.id if node else None for node in heads] == [OTHER_HEAD, STATION, STREET_HEAD, ROOT]
    assert snapshot.head("grid", STREET) is None


def test_a_retired_post_is_known_and_hands_everything_on() -> None:
    posts = [node if node.id != HEAD else post(5, 3, "grid", 1, retired=True) for node in POSTS]
    snapshot = Organisation(areas=AREAS, units=UNITS, posts=posts, appointments=[a for a in everyone_appointed() if a.post_id != HEAD])
    head = snapshot.head("grid", GRID)
    assert head is not None and head.id == SECOND
    assert snapshot.holder(HEAD, day(1)).acting_post_id == SECOND


def test_a_units_desk_is_its_first_post_or_that_of_the_unit_above_it() -> None:
    empty = UnitNode(uid(2, 50), "E", {"zh": "科", "en": "Section"}, DEPARTMENT, DISTRICT, DEPARTMENT_UNIT)
    lone = UnitNode(uid(2, 51), "L", {"zh": "队", "en": "Crew"}, "team", COMMUNITY)
    snapshot = Organisation(areas=AREAS, units=(*UNITS, empty, lone), posts=POSTS)
    assert snapshot.unit_desk(DEPARTMENT_UNIT).id == OFFICER
    assert snapshot.unit_desk(empty.id).id == OFFICER
    assert snapshot.unit_desk(lone.id).id == STATION


def test_a_circle_of_areas_or_units_ends() -> None:
    a, b = uid(1, 70), uid(1, 71)
    units = (UnitNode(uid(2, 70), "A", {}, "team", a, uid(2, 71)), UnitNode(uid(2, 71), "B", {}, "team", b, uid(2, 70)))
    root = PostNode(ROOT, "R", {}, "duty", uid(2, 99), DISTRICT, "", "district", 1, is_root=True)
    areas = (AreaLink(a, b, ""), AreaLink(b, a, ""), AREAS[0])
    lower = PostNode(HEAD, "H", {}, "head", uid(2, 98), a, "", "grid", 1)
    snapshot = Organisation(areas=areas, units=units, posts=(root, lower), appointments=[Appointment(ROOT, person(0), T0)])
    assert snapshot.holder(HEAD, day(1)).acting_post_id == ROOT
    assert snapshot.unit_desk(units[0].id).id == HEAD
    assert [node.id for node in snapshot.chain(b)] == [HEAD, ROOT]


def test_a_user_answers_for_own_and_acting_posts_and_for_none_while_absent() -> None:
    snapshot = organisation([away(5, 2, 4)])
    assert [node.id for node in snapshot.posts_of_user(uid(5, 6), day(1))] == [SECOND]
    assert {node.id for node in snapshot.posts_of_user(uid(5, 6), day(2))} == {SECOND, HEAD}
    assert snapshot.posts_of_user(uid(5, 5), day(2)) == ()
    assert [node.id for node in snapshot.posts_of_user(uid(5, 5), day(4))] == [HEAD]
    assert snapshot.posts_of_user(uid(9, 9), day(1)) == ()


# -- what an absence would do ----------------------------------------------------------------------------------------


def test_an_absence_shows_to_whom_each_post_passes_and_when() -> None:
    snapshot = organisation([away(6, 3, 5)])  # the second is away in the middle: the third takes over meanwhile
    found = passings(snapshot, person(5), day(1), day(7))
    assert [(p.post_id, p.starts_at, p.ends_at, p.holding.acting_post_id) for p in found] == [
        (HEAD, day(1), day(3), SECOND),
        (HEAD, day(3), day(5), THIRD),
        (SECOND, day(3), day(5), THIRD) if snapshot.holder(SECOND, day(4)).person_id == person(5) else (HEAD, day(5), day(7), SECOND),
    ]


def test_an_absence_of_the_last_at_the_top_desk_is_refused() -> None:
    with pytest.raises(NobodyPresent):
        passings(organisation([away(1)]), person(0), day(1), day(2))


# -- properties ------------------------------------------------------------------------------------------------------

periods = st.tuples(st.integers(0, 20), st.integers(1, 10)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@st.composite
def houses(draw: st.DrawFn) -> tuple[list[Appointment], list[Absence]]:
    """Any staffing and any absences, in which the top desk always has the root's own appointee."""
    appointments = [Appointment(ROOT, person(0), T0)]
    for node in POSTS[1:]:
        edges = sorted(draw(st.sets(st.integers(0, 30), max_size=6)))
        for start, end in zip(edges[::2], edges[1::2], strict=False):
            appointments.append(Appointment(node.id, person(draw(st.integers(0, 8))), day(start), day(end)))
    absences = []
    for number in range(1, 9):
        last = 0
        for start, end in sorted(draw(st.lists(periods, max_size=3))):
            if start >= last:
                absences.append(away(number, start, end))
                last = end
    return appointments, absences


posts_drawn = st.sampled_from([node.id for node in POSTS])
instants = st.integers(0, 31 * 24).map(lambda hours: T0 + timedelta(hours=hours))


@given(houses(), posts_drawn, instants)
def test_somebody_present_always_answers_and_it_is_the_first_present_of_the_order(house, post_id, at) -> None:
    snapshot = organisation(house[1], house[0])
    holding = snapshot.holder(post_id, at)
    assert snapshot.appointee(holding.acting_post_id, at) == holding.person_id
    assert not snapshot.is_absent(holding.person_id, at)
    order = list(snapshot.successors(snapshot.post(post_id)))
    assert len(order) == len(set(order))
    assert [skipped for skipped, _ in holding.succession] == order[: order.index(holding.acting_post_id)]
    for skipped, reason in holding.succession:
        appointee = snapshot.appointee(skipped, at)
        assert (appointee is None) == (reason is Skip.VACANT)
        assert appointee is None or snapshot.is_absent(appointee, at)


@given(houses(), posts_drawn, instants, st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_the_order_of_the_records(house, post_id, at, random) -> None:
    appointments, absences = list(house[0]), list(house[1])
    expected = organisation(absences, appointments).holder(post_id, at)
    random.shuffle(appointments)
    random.shuffle(absences)
    assert organisation(absences, appointments).holder(post_id, at) == expected


@given(houses(), posts_drawn, instants, st.data())
def test_removing_an_absence_never_hands_a_post_further_on(house, post_id, at, data) -> None:
    appointments, absences = house
    if not absences:
        return
    removed = data.draw(st.integers(0, len(absences) - 1))
    fewer = absences[:removed] + absences[removed + 1 :]
    before = organisation(absences, appointments).holder(post_id, at)
    after = organisation(fewer, appointments).holder(post_id, at)
    assert len(after.succession) <= len(before.succession)


@given(houses(), posts_drawn, instants, periods)
def test_an_absence_changes_the_holder_only_while_it_lasts_and_only_from_the_absent(house, post_id, at, period) -> None:
    appointments, absences = house
    absences = [absence for absence in absences if absence.person_id != person(3)]
    more = [*absences, away(3, *period)]
    before = organisation(absences, appointments).holder(post_id, at)
    after = organisation(more, appointments).holder(post_id, at)
    assert after.person_id != person(3) or not day(period[0]) <= at < day(period[1])
    if after != before:
        assert day(period[0]) <= at < day(period[1])
        assert before.person_id == person(3) or len(after.succession) == len(before.succession)


@given(houses(), instants)
def test_what_people_hold_is_exactly_what_the_posts_say(house, at) -> None:
    snapshot = organisation(house[1], house[0])
    held = {(holding.post_id, number) for number in range(9) for holding in snapshot.held_by(person(number), at)}
    expected = {(node.id, number) for node in POSTS for number in range(9) if snapshot.holder(node.id, at).person_id == person(number)}
    assert held == expected


@given(houses(), periods, st.integers(1, 8), instants)
def test_the_announced_passings_are_what_then_happens(house, period, number, at) -> None:
    appointments, absences = house
    absences = [absence for absence in absences if absence.person_id != person(number)]
    start, end = day(period[0]), day(period[1])
    before, after = organisation(absences, appointments), organisation([*absences, away(number, *period)], appointments)
    announced = {p.post_id: p.holding for p in passings(before, person(number), start, end) if p.starts_at <= at and (p.ends_at is None or at < p.ends_at)}
    changed = {
        node.id: after.holder(node.id, at)
        for node in POSTS
        if before.holder(node.id, at).person_id == person(number) and after.holder(node.id, at).person_id != person(number)
    }
    assert announced == changed
