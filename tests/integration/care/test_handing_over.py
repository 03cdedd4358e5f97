"""A case goes from one post to another of its area, and no post is given up while open cases rest on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.translation import override

from linli.directory.organisation.models import Appointment, Post
from linli.directory.organisation.rules import UnknownPost
from linli.directory.organisation.selectors import organisation
from linli.directory.organisation.services import NewPost, create_post, end_appointment, retire_post
from linli.directory.organisation.services.posts import PostInUse
from linli.domains.care.models import CareCase
from linli.domains.care.rules.access import NotYourCase
from linli.domains.care.rules.terms import Ending
from linli.domains.care.selectors import desk as desk_lines
from linli.domains.care.services import cases
from linli.domains.care.services.frame import PostElsewhere, PostWithoutCare
from linli.kernel.access.rules import SYSTEM, Actor, Forbidden
from linli.kernel.ids import new_id
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import NAME, Desk, Town

LATER = MONDAY + timedelta(hours=1)


def above(town: Town) -> Actor:
    """Whoever holds the district's desk, which answers for every grid."""
    post = town.town.head("district")
    person = organisation().appointee(post.id, MONDAY)
    return replace(town.worker(), id="user:above", person_id=person, grants=(town.grant("care.work"),), post_ids=frozenset({post.id}))


def test_the_new_post_has_the_case_and_the_old_one_has_it_no_more(town: Town) -> None:
    case_id, worker = town.case(), town.worker()
    with write():
        cases.hand_over(actor=worker, at=LATER, case_id=case_id, worker_post=town.town.head("district").id, version=1)
    assert CareCase.objects.get().version == 2
    assert [line.mine for line in desk_lines(actor=above(town), at=LATER)] == [True] and desk_lines(actor=worker, at=LATER) == []
    with write():
        cases.write_note(actor=above(town), at=LATER, case_id=case_id, text="taken over")
    with pytest.raises(NotYourCase), write():
        cases.write_note(actor=worker, at=LATER, case_id=case_id, text="still mine?")


def test_a_case_goes_to_no_post_that_could_not_read_it_and_not_by_others(town: Town) -> None:
    case_id = town.case()
    heads = {name: town.town.head(name).id for name in ("grid", "street", "district")}
    for post, refusal in (
        (town.town.head("grid", 1).id, PostElsewhere),
        (heads["street"], PostWithoutCare),
        (heads["grid"], cases.AnswersAlready),
        (new_id(), UnknownPost),
    ):
        with pytest.raises(refusal), write():
            cases.hand_over(actor=town.worker(), at=LATER, case_id=case_id, worker_post=post)
    for actor, refused in ((town.colleague(), NotYourCase), (town.reviewer(), Forbidden), (town.worker(1), Forbidden)):
        with pytest.raises(refused), write():
            cases.hand_over(actor=actor, at=LATER, case_id=case_id, worker_post=heads["district"])
    with pytest.raises(PostWithoutCare), write():
        cases.open_case(actor=town.worker(), at=LATER, case=town.new_case(worker_post=heads["street"]))
    assert CareCase.objects.get().worker_post_id == heads["grid"]


@override("en")
def test_a_vacant_post_is_not_retired_while_open_cases_rest_on_it(town: Town) -> None:
    first = town.case()
    town.case()
    old = Post.objects.get(id=town.town.head("grid").id)
    with write():
        create_post(actor=SYSTEM, at=MONDAY, post=NewPost("g0-2", {"zh": "副", "en": "second"}, "grid_head", old.unit_id, old.area_id, "grid", 9))
        end_appointment(actor=SYSTEM, at=MONDAY, appointment_id=Appointment.objects.get(post=old).id, ends_at=LATER)
    second, later = Post.objects.get(code="g0-2"), LATER + timedelta(hours=1)
    with pytest.raises(PostInUse, match="open care cases rest on it: 2"), write():
        retire_post(actor=SYSTEM, at=later, post_id=old.id)
    with write():
        cases.hand_over(actor=town.worker(), at=later, case_id=first, worker_post=second.id)
    with pytest.raises(PostInUse, match="open care cases rest on it: 1"), write():
        retire_post(actor=SYSTEM, at=later, post_id=old.id)
    with write():
        cases.close_case(actor=town.worker(), at=later, case_id=CareCase.objects.get(worker_post=old).id, ending=Ending.MOVED_AWAY)
    with write():
        retire_post(actor=SYSTEM, at=later, post_id=old.id)
    with pytest.raises(PostElsewhere), write():  # retired: nothing comes to it any more
        cases.open_case(actor=town.worker(), at=later, case=town.new_case(worker_post=old.id))


def test_a_case_is_handed_over_on_its_page(town: Town, desk: Desk) -> None:
    town.case()
    label, worker = CareCase.objects.get().label, desk("grid")
    page, district, street = worker.get(f"/console/care/{label}").content.decode(), town.town.head("district").id, town.town.head("street").id
    assert "Hand over to another post" in page and f'value="{district}"' in page and f'value="{street}"' not in page
    assert worker.post(f"/console/care/{label}/hand-over", {"worker_post": str(street)}).status_code == 400
    stale = worker.post(f"/console/care/{label}/hand-over", {"worker_post": str(district), "version": "7"})
    assert stale.status_code == 409 and "Somebody changed this case meanwhile" in stale.content.decode()
    assert desk(role="grid_head").post(f"/console/care/{label}/hand-over", {"worker_post": str(district)}).status_code == 403
    done = worker.post(f"/console/care/{label}/hand-over", {"worker_post": str(district), "version": "1"}, follow=True)
    assert done.status_code == 200 and label not in done.content.decode()
    assert CareCase.objects.get().worker_post_id == district
    assert NAME in desk("district").get(f"/console/care/{label}").content.decode()
