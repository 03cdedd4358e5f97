"""Pauses with reasons, chains of roles within a level, and how the duties went: refused ones are counted as refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import record_absence
from linli.directory.people.services import link_user
from linli.engines.duties.models import Occurrence, SubjectRecord
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.check import broken_invariants
from linli.engines.duties.selectors.figures import how_duties_went
from linli.engines.duties.services.pausing import NoSuchSubject, end_pause, pause
from linli.engines.duties.services.subjects import end_subjects
from linli.kernel.access.rules import SYSTEM, Forbidden
from linli.kernel.access.services import users
from linli.kernel.clock.services import set_clock
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import DAY, DUTIES, HOUR, Town, did, town, visits

TODAY = (MONDAY + 8 * HOUR).date()
PAUSES = DUTIES.replace("duties:\n", "duties:\n  pauses: [{code: away, names: {zh: 外出, en: Away for a while}}]\n")
CHAIN = PAUSES.replace("levels: [grid, street]", "levels: [grid_member, grid_head, street, district_duty]", 1).replace("2 working_days", "30 urgent_hours", 1)
Desk = Callable[..., Client]


@pytest.fixture
def place(db: None, tmp_path: Path) -> Town:
    found = town(tmp_path)
    with write():
        set_clock(to=MONDAY)
    found.rules(PAUSES)
    return found


def paused(place: Town, subject: SubjectRecord, first: int, last: int | None, reason: str = "away") -> None:
    with write():
        pause(
            actor=place.actor("street"), at=MONDAY, kind=subject.kind, ref=subject.ref, first=TODAY + first * DAY,
            last=None if last is None else TODAY + last * DAY, reason=reason,
        )  # fmt: skip


def test_a_pause_asks_for_nothing_ends_by_hand_and_leaves_what_has_happened(place: Town) -> None:
    key = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    subject, running = SubjectRecord.objects.get(id=key), visits(key)[0]
    did(Verb.NOT_HOME, running, actor=place.actor("grid"), at=MONDAY + HOUR)
    before = [visit.slot for visit in visits(key)]
    paused(place, subject, 0, 20)
    place.derive()
    assert Occurrence.objects.get(id=running.id).state == "dropped" and Occurrence.objects.get(id=running.id).attempts == 1
    assert all(visit.opens_at > MONDAY + timedelta(days=20) for visit in visits(key)[1:]) and len(visits(key)) < len(before)
    assert not broken_invariants(actor=SYSTEM, at=MONDAY + HOUR)
    with write():
        end_pause(actor=place.actor("street"), at=MONDAY + 7 * DAY, kind=subject.kind, ref=subject.ref, first=TODAY)
    place.derive(MONDAY + 7 * DAY)
    assert [visit.slot for visit in visits(key)][: len(before)] == before
    assert SubjectRecord.objects.get(id=key).pauses == [[TODAY.isoformat(), (TODAY + 6 * DAY).isoformat(), "away"]]
    place.case(ref=subject.ref, level="daily", at=MONDAY + 7 * DAY)  # its owner says it anew: the pause is not the owner's
    assert len(SubjectRecord.objects.get(id=key).pauses) == 1


@pytest.mark.parametrize(("last", "days"), [(None, 7), (None, 0), (40, 9)])
def test_a_pause_that_ends_before_its_visits_do_gives_them_back(place: Town, last: int | None, days: int) -> None:
    """A month's visit, on the third day of the month: asked for again, with what was tried; the week's is over in a week."""
    key = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    subject, month = SubjectRecord.objects.get(id=key), visits(key, "monthly_condolence")[0]
    did(Verb.NOT_HOME, month, actor=place.actor("street"), at=MONDAY + HOUR)
    paused(place, subject, 0, last)
    place.derive()
    assert {duty.state for duty in (visits(key, "monthly_condolence")[0], visits(key)[0])} == {"dropped"}
    later = MONDAY + days * DAY + HOUR
    with write():
        end_pause(actor=place.actor("street"), at=later, kind=subject.kind, ref=subject.ref, first=TODAY)
    place.derive(later)
    place.derive(later)
    place.run(later)
    back = visits(key, "monthly_condolence")[0]
    assert (back.id, back.state, back.attempts, back.opens_at) == (month.id, "open", 1, month.opens_at)
    assert visits(key)[0].state == ("open" if days == 0 else "dropped")
    assert not broken_invariants(actor=SYSTEM, at=later)
    did(Verb.FINISH, back, actor=place.actor("street"), at=later, form={"well": True})
    place.derive(later + DAY)
    assert visits(key, "monthly_condolence")[0].state == "done"


def test_a_subject_that_was_ended_by_mistake_has_its_visits_again(place: Town) -> None:
    key = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    subject = SubjectRecord.objects.get(id=key)
    with write():
        end_subjects([(subject.kind, subject.ref)], actor=SYSTEM, at=MONDAY + HOUR)
    place.derive(MONDAY + HOUR)
    assert [visit.state for visit in visits(key)] == ["dropped"]
    place.case(ref=subject.ref, at=MONDAY + 2 * HOUR)
    place.derive(MONDAY + 2 * HOUR)
    place.run(MONDAY + 2 * HOUR)
    assert [visit.state for visit in visits(key)][:2] == ["open", "planned"] and not broken_invariants(actor=SYSTEM, at=MONDAY + 2 * HOUR)


@pytest.mark.parametrize(
    ("first", "last", "reason", "code"),
    [
        (0, 5, "bored", "duties.not_a_pause"),
        (3, 1, "away", "duties.pause_is_over"),
        (-9, -2, "away", "duties.pause_is_over"),
        (2, 4, "away", "duties.spans_overlap"),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused_and_nothing_is_written(place: Town, first: int, last: int, reason: str, code: str) -> None:
    subject = SubjectRecord.objects.get(id=place.case())
    paused(place, subject, 4, None)
    with pytest.raises(Refusal) as refused:
        paused(place, subject, first, last, reason)
    assert refused.value.code == code and len(SubjectRecord.objects.get(id=subject.id).pauses) == 1


def test_who_may_not_manage_duties_pauses_nothing(place: Town) -> None:
    subject = SubjectRecord.objects.get(id=place.case())
    given = {"at": MONDAY, "kind": subject.kind, "first": TODAY, "last": None, "reason": "away"}
    with pytest.raises(Forbidden), write():
        pause(actor=place.actor("grid"), ref=subject.ref, **given)
    with pytest.raises(NoSuchSubject), write():
        pause(actor=place.actor("street"), ref=subject.id, **given)


def test_levels_within_a_level_each_role_follows_the_other_and_absence_passes_on(place: Town) -> None:
    place.rules(CHAIN)
    key = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    found = visits(key)[0]
    assert _role(found) == "grid_member" and found.person_id == _person("grid_member", place)
    with write():
        record_absence(actor=SYSTEM, at=MONDAY + HOUR, person_id=found.person_id, starts_at=MONDAY + HOUR, ends_at=MONDAY + 3 * HOUR, reason="leave")
    place.run(MONDAY + 2 * HOUR)
    assert visits(key)[0].person_id == _person("grid_head", place) and _role(visits(key)[0]) == "grid_member"
    place.run(MONDAY + 4 * HOUR)
    assert visits(key)[0].person_id == _person("grid_member", place)
    seen = []
    for day in range(0, 7):
        place.run(MONDAY + day * DAY + 12 * HOUR)
        seen.append(_role(visits(key)[0]))
        assert not broken_invariants(actor=SYSTEM, at=MONDAY + day * DAY + 12 * HOUR)
    assert list(dict.fromkeys(seen)) == ["grid_member", "grid_head", "street_duty", "district_duty"]


def _role(visit: Occurrence) -> str:
    return organisation().post(visit.post_id).role


def _person(role: str, place: Town) -> object:
    (post,) = (post for post in organisation().posts_of(place.community.grids[0].id) if post.role == role)
    return organisation().appointee(post.id, MONDAY)


def test_a_refused_visit_is_counted_as_refused_and_an_attempt_as_an_attempt(place: Town) -> None:
    first, second, third = (place.case(grid) for grid in range(3))
    place.derive()
    place.run(MONDAY + HOUR)
    did(Verb.FINISH, visits(first)[0], actor=place.actor("grid", 0), at=MONDAY + HOUR)
    did(Verb.REFUSE, visits(second)[0], actor=place.actor("grid", 1), at=MONDAY + HOUR)
    did(Verb.NOT_HOME, visits(third)[0], actor=place.actor("grid", 2), at=MONDAY + HOUR)
    later = MONDAY + 7 * DAY
    place.run(later)
    (went,) = (went for went in how_duties_went(actor=SYSTEM, at=later, days=8) if went.names["en"] == "Weekly visit")
    assert (went.done, went.late, went.refused, went.missed, went.attempts, went.asked, went.share) == (1, 0, 1, 1, 1, 3, 50)
    did(Verb.FINISH, visits(third)[0], actor=place.actor("grid", 2), at=later)
    (went,) = (went for went in how_duties_went(actor=SYSTEM, at=later, days=8) if went.names["en"] == "Weekly visit")
    assert (went.done, went.late, went.missed) == (1, 1, 0)
    own = how_duties_went(actor=place.actor("grid", 1), at=later, days=8)
    assert [(went.done, went.refused) for went in own if went.names["en"] == "Weekly visit"] == [(0, 1)]


def test_pause_and_figures_on_the_pages(place: Town) -> None:
    key = place.case()
    place.derive()
    place.run(MONDAY + HOUR)
    at_desk, at_grid = _client(place, "street"), _client(place, "grid")
    one = f"/console/duties/{visits(key)[0].id}"
    assert "Ask nothing for a while" in at_desk.get(one).content.decode() and "Ask nothing for a while" not in at_grid.get(one).content.decode()
    given = {"reason": "away", "first": str(TODAY + DAY), "last": str(TODAY + 10 * DAY)}
    assert at_grid.post(f"{one}/pause", given).status_code == 403
    assert at_desk.post(f"{one}/pause", {**given, "last": str(TODAY - DAY)}).status_code == 400
    assert "Away for a while" in at_desk.post(f"{one}/pause", given, follow=True).content.decode()
    assert at_grid.post(f"{one}/pause/end", {"first": given["first"]}).status_code == 403
    assert at_desk.post(f"{one}/pause/end", {"first": "never"}).status_code == 404
    at_desk.post(f"{one}/pause/end", {"first": given["first"]})
    assert SubjectRecord.objects.get(id=key).pauses == []
    at_grid.post(f"{one}/refuse", {"note": ""})
    page = at_desk.get("/console/duties/missed").content.decode()
    assert "How the duties went" in page and "Not wanted" in page


def _client(place: Town, level: str) -> Client:
    with write():
        user = users.create_user(actor=SYSTEM, at=MONDAY, username=level, password="a long enough password")
        link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(place.community.head(level, 0).id, MONDAY), user_id=user.pk)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client
